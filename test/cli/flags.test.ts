import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tensor } from "../../src/shape/tensor.ts";
import { commands } from "../../tools/reference/commands.ts";
import { idx } from "../data/support.ts";
import { npyOf } from "../data/zip.ts";
import { folderOf, mtt, removeFolders } from "./mtt.ts";

/** A whole pipeline of a moment; `exact` asks for memory. */
const pipeline = (data: string): string => `param epochs: int = 1
let digits = ${data}
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(14x14) |> flatten |> dense(10)
train model { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.1), batch: 10, epochs: epochs, seed: 1 }
evaluate on_test { model: model, data: digits.test }
influence blame { model: model, test: digits.test |> take(1), method: exact(hessian: gauss_newton, damping: 0.1) }
report page { show: [summary(Net)] }
`;
const digits = (name: string) => ({
  [`digits/${name}-images-idx3-ubyte`]: idx([20, 28, 28], new Uint8Array(20 * 784).fill(9)),
  [`digits/${name}-labels-idx1-ubyte`]: idx(
    [20],
    Uint8Array.from({ length: 20 }, (_, i) => i % 10),
  ),
});
const cwd = folderOf({
  "project/p.mtt": pipeline("glyphs(n: 40, seed: 1)"),
  "project/m.mtt": pipeline("mnist()"),
  "project/outside.mtt": `import { twice } from "../lib/l.mtt"\n${pipeline("glyphs(n: 40, seed: 1)").replace("dense(10)", "dense(10) |> twice")}`,
  "project/fixable.mtt": "let d = glyphs(n: 40, seed: 1)\nlet e = d.trian\n",
  "project/wrong.mtt": "let d = glyphs(n: 40, seed: 1)\nlet e = d.trian\n",
  "project/loose.mtt": "let   d=glyphs(n:40)\n",
  "project/people.csv": "a,b,kind\n1,2,0\n2,3,1\n3,4,0\n",
  "project/x.npy": npyOf(
    tensor(
      "f32",
      [28, 28, 1],
      Array.from({ length: 784 }, () => 0.5),
    ),
  ),
  "lib/l.mtt": "block twice(x: f32[...s]) -> f32[...s] = 2 * x\n",
  ...digits("train"),
  ...digits("t10k"),
});
const inside = { cwd: join(cwd, "project") };

/** What is seen of a command, but for how long it took, when, and the ids of runs. */
const seen = async (args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await mtt(args, inside);
  return [code, stdout, stderr]
    .join("\n")
    .replaceAll(/[\d.]+ (s|ms|MB|MiB|GiB|TiB)\b/g, "")
    .replaceAll(/"(\w*seconds|started|finished|peak_memory|pid|milliseconds|free)":[\d.e-]+/g, "")
    .replaceAll(/\b[\d.]+ +\d{4}-\d\d-\d\dT[\d:]+/g, "")
    .replaceAll(/\d{8}-\d{6}-[0-9a-f]{4}/g, "");
};

/** What a line says by itself, the same each time. */
const usual = (args: readonly string[]): Promise<string> => {
  const name = args.join(" ");
  const known = said.get(name) ?? twice(args);
  said.set(name, known);
  return known;
};
const said = new Map<string, Promise<string>>();
const twice = async (args: readonly string[]): Promise<string> => {
  const [first, second] = [await seen(args), await seen(args)];
  expect(second).toBe(first);
  return first;
};

/** A command line of each command, without flags but those that it cannot do without. */
const lines: Readonly<Record<string, readonly string[]>> = {
  "backend list": [],
  "cache gc": [],
  "cache ls": [],
  "cache verify": [],
  check: ["FILE"],
  doctor: [],
  explain: ["FILE", "model"],
  export: ["FILE", "model", "--to", "out.safetensors"],
  graph: ["FILE"],
  plan: ["FILE"],
  predict: ["FILE", "model", "--input", "x.npy"],
  run: ["FILE"],
  "runs compare": [],
  "runs list": [],
  "runs open": ["none"],
  "runs show": [],
  shapes: ["FILE"],
};

/** What a flag is given, and the program with which it shows. */
const flags: Readonly<Record<string, { readonly given: readonly string[]; readonly file?: string }>> = {
  store: { given: ["../empty"] },
  data: { given: ["../digits"], file: "m.mtt" },
  backend: { given: ["reference"] },
  device: { given: ["webgpu"] },
  memory: { given: ["1KiB"] },
  "allow-path": { given: ["../lib"], file: "outside.mtt" },
  set: { given: ["epochs=two"] },
  format: { given: ["json"] },
  quiet: { given: [] },
  timings: { given: [] },
  tensorboard: { given: ["../boards"] },
  "dry-run": { given: [] },
  "max-size": { given: ["1B"] },
};

/** Whole lines with and without a flag, where neither table fits. */
const pairs: Readonly<Record<string, readonly [with_: readonly string[], without: readonly string[]]>> = {
  "backend test --device": [
    ["backend", "test", "reference", "--device", "webgpu"],
    ["backend", "test", "reference"],
  ],
  "backend test --format": [
    ["backend", "test", "reference", "--format", "json"],
    ["backend", "test", "reference"],
  ],
  "check --format": [
    ["check", "wrong.mtt", "--format", "json"],
    ["check", "wrong.mtt"],
  ],
  "check --fix": [
    ["check", "--fix", "fixable.mtt"],
    ["check", "p.mtt", "nowhere.mtt"],
  ],
  "fmt --check": [
    ["fmt", "--check", "loose.mtt"],
    ["fmt", "loose.mtt"],
  ],
  "graph --format": [
    ["graph", "p.mtt", "--format", "dot"],
    ["graph", "p.mtt"],
  ],
  "init --template": [
    ["init", "one", "--template", "table"],
    ["init", "two"],
  ],
  "init --from": [
    ["init", "--from", "people.csv"],
    ["init", "three"],
  ],
  "init --format": [
    ["init", "four", "--format", "json"],
    ["init", "five"],
  ],
  "export --to": [
    ["export", "p.mtt", "model", "--to", "out.onnx"],
    ["export", "p.mtt", "model", "--to", "out.safetensors"],
  ],
  "predict --input": [
    ["predict", "p.mtt", "model", "--input", "y.npy"],
    ["predict", "p.mtt", "model", "--input", "x.npy"],
  ],
};

/** Flags whose effect a moment of a process does not show, and what holds them. */
const elsewhere: Readonly<Record<string, string>> = {
  "backend install --cuda": "test/backend/tensorflow-install.test.ts: another library is downloaded",
  "backend install --wheel": "test/backend/tensorflow-install.test.ts: nothing is downloaded",
  "cache gc --max-age": "test/store/gc.test.ts: what nobody used for so long",
  "lsp --stdio": "the only way there is: editors say so",
  "run --progress": "test/cli/terminal.test.ts: bars on a terminal",
  "run --watch": "test/cli/watch.test.ts: runs on until it is stopped",
};

const computes = ["export", "predict", "run"];

const documented = (await commands()).flatMap(({ path, help }) =>
  help.flags.map(({ name }) => ({ command: path.join(" "), flag: name })),
);

beforeAll(async () => {
  for (const args of [
    ["run", "p.mtt"],
    ["run", "p.mtt", "--set", "epochs=2"],
    ["run", "p.mtt"],
  ])
    expect((await mtt(args, inside)).code).toBe(0);
}, 60_000);
afterAll(removeFolders);

describe("every flag of every command's --help", () => {
  const told = documented
    .filter(({ command, flag }) => elsewhere[`${command} --${flag}`] === undefined)
    // What computes comes last: the others see what is not stored yet.
    .sort((a, b) => Number(computes.includes(a.command)) - Number(computes.includes(b.command)));

  it("is tried, here or where it is said", () => {
    expect(documented.length).toBeGreaterThan(60);
    const names = documented.map(({ command, flag }) => `${command} --${flag}`);
    expect(Object.keys({ ...elsewhere, ...pairs }).filter((name) => !names.includes(name))).toEqual([]);
  });

  it.each(told)("$command --$flag does something", async ({ command, flag }) => {
    const pair = pairs[`${command} --${flag}`];
    if (pair !== undefined) {
      expect(await seen(pair[0])).not.toBe(await seen(pair[1]));
      return;
    }
    const { given, file = "p.mtt" } = flags[flag]!;
    const line = lines[command]!.map((word) => (word === "FILE" ? file : word));
    const plain = [...command.split(" "), ...line];
    const without = await usual(plain);
    // A store that nobody filled before.
    const own = flag === "store" ? [`${given[0]}/${command.replace(" ", "-")}`] : given;
    expect(await seen([...plain, `--${flag}`, ...own])).not.toBe(without);
  });
});

describe("flags of a run that a command has no use for", () => {
  it.each(["check", "shapes", "graph"])(
    "%s takes them, so that one line of flags serves all commands",
    async (command) => {
      const common = ["--backend", "reference", "--device", "cpu", "--store", "../elsewhere", "--data", "../digits"];
      expect(await seen([command, "p.mtt", ...common])).toBe(await seen([command, "p.mtt"]));
    },
  );

  it.each([
    ["runs", "list", "--backend", "onnx"],
    ["cache", "ls", "--set", "epochs=1"],
    ["cache", "verify", "--format", "sarif"],
    ["doctor", "--memory", "1GiB"],
  ])("%s %s refuses %s", async (...args) => {
    expect((await mtt(args, inside)).code).toBe(2);
  });
});
