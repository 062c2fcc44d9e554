import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventsOf, finished, folderOf, mtt, type Result, removeFolders, small } from "./mtt.ts";

/*
 * Every bad input that people give, with its exit code and what is said: 1 the program is wrong, 2 wrong use, 3 the run failed. Each row is a real
 * process; a few run at once.
 */

afterAll(removeFolders);

interface Row {
  readonly what: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly exit: 1 | 2 | 3;
  /** In what is said on stderr, or by `check` on stdout. */
  readonly says: string | RegExp;
}

const use = (data: string): string =>
  `let data = ${data}
network N(x: f32[4]) -> f32[2] = x |> dense(2)
train model { network: N, data: data, loss: softmax_cross_entropy, optimizer: sgd(rate: 0.1), batch: 2, epochs: 1 }
`;
const csv = (path: string): string => use(`csv("${path}", fields: { x: f32[4], label: class[2] })`);
const network = (body: string): string => small.replace(/image \|> avg_pool.*/, `image |> ${body}`);
const npy = (shape: string, bytes: Uint8Array, type = "<f4"): Uint8Array => {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117).concat("\n");
  return Buffer.concat([Buffer.from("\u0093NUMPY\u0001\u0000v\u0000", "latin1"), Buffer.from(header), bytes]);
};

const files: Readonly<Record<string, string | Uint8Array>> = {
  "small.mtt": small,
  "empty.mtt": "",
  "blocks.mtt": "block f(x: f32[n]) -> f32[n] = x\n",
  "long-line.mtt": `let x = ${"1 + ".repeat(2_500_000)}1\n`,
  "deep.mtt": `let x = ${"(".repeat(100_000)}1${")".repeat(100_000)}\n`,
  "binary.mtt": Uint8Array.from({ length: 3000 }, (_, i) => (i * 167) % 256),
  "latin.mtt": Uint8Array.from(Buffer.from('let x = "\u00e9"\n', "latin1")),
  "cycle.mtt": 'import { b } from "./cycle-b"\nlet a = b\n',
  "cycle-b.mtt": 'import { a } from "./cycle"\nlet b = a\n',
  "missing-import.mtt": 'import { q } from "./nowhere"\nlet x = q\n',
  "missing-std.mtt": 'import { q } from "std/nowhere"\nlet x = q\n',
  "missing-name.mtt": 'import { pool } from "./blocks"\nlet x = pool\n',
  "folder-import.mtt": 'import { q } from "./folder"\nlet x = q\n',
  "folder.mtt/file": "",
  "folder/file": "",
  "huge.mtt": network("flatten |> dense(100000) |> dense(1000000) |> dense(10)"),
  // About 100 GiB with Adam, though below the limit of what a program may declare.
  "large.mtt": network("flatten |> dense(5000000) |> dense(10)"),
  "shapes.mtt": network("dense(10)"),
  "batch.mtt": small.replace("batch: 50", "batch: 301"),
  "no-batch.mtt": small.replace("batch: 50", "batch: 0"),
  "no-epochs.mtt": small.replace("epochs: epochs", "epochs: -1"),
  "no-data.mtt": small.replace("glyphs(n: 300, seed: 1)", "mnist()"),
  "no-cifar.mtt": "let pictures = cifar10()\nassert pictures.train.count == 50000\n",
  "none-left.mtt": small.replace("data: digits.train", "data: digits.train |> where(label == 0 and label == 1)"),
  "diverges.mtt": small.replace("adam(rate: rate)", "sgd(rate: 1e30)"),
  "label.mtt": csv("label.csv"),
  "label.csv": "x0,x1,x2,x3,label\n",
  "label-range.mtt": use('npy(fields: { x: "x.npy" as f32[4], label: "labels.npy" as class[2] })'),
  "x.npy": npy("(3, 4)", new Uint8Array(48)),
  "labels.npy": npy("(3,)", new Uint8Array(Int32Array.of(0, 1, 7).buffer), "<i4"),
  "cut.mtt": use('npy(fields: { x: "cut.npy" as f32[4], label: "labels.npy" as class[2] })'),
  "cut.npy": npy("(3, 4)", new Uint8Array(40)),
  "other-shape.mtt": use('npy(fields: { x: "x5.npy" as f32[4], label: "labels.npy" as class[2] })'),
  "x5.npy": npy("(3, 5)", new Uint8Array(60)),
  "no-file.mtt": use('npy(fields: { x: "nowhere.npy" as f32[4], label: "labels.npy" as class[2] })'),
  "no-idx.mtt": `let data = idx(images: "small.mtt", labels: "x.npy", image: f32[28, 28, 1], classes: 10)\nassert data.count > 0\n`,
  "weights.mtt": small.replace("epochs: epochs", 'epochs: epochs\n  start: weights("nowhere.safetensors")'),
  "weights-cut.mtt": small.replace("epochs: epochs", 'epochs: epochs\n  start: weights("x.npy")'),
  "asserts.mtt": small.replace("> 0.05", "> 1"),
  "five/mtt.yaml": "stor: x\n",
  "five/p.mtt": small,
  "yaml-syntax/mtt.yaml": "store: [x\n",
  "yaml-syntax/p.mtt": small,
  "yaml-list/mtt.yaml": "- store\n",
  "yaml-list/p.mtt": small,
  "yaml-type/mtt.yaml": "store: 3\n",
  "yaml-type/p.mtt": small,
  "yaml-backend/mtt.yaml": "backend: onyx\n",
  "yaml-backend/p.mtt": small,
  "yaml-memory/mtt.yaml": "memory: little\n",
  "yaml-memory/p.mtt": small,
  "yaml-params/mtt.yaml": "params:\n  epochs: [1, 2]\n",
  "yaml-params/p.mtt": small,
  "yaml-unknown-param/mtt.yaml": "params:\n  epoch: 3\n",
  "yaml-unknown-param/p.mtt": small,
  "a-file": "",
  "other-format/format.json": '{"format":99}\n',
  "not-a-store/format.json": "hello\n",
};

const table: readonly Row[] = [
  // Commands and flags.
  { what: "an unknown command", args: ["rum"], exit: 2, says: "mtt: there is no command `rum`; did you mean `run`?" },
  {
    what: "an unknown command of a command",
    args: ["cache", "lst"],
    exit: 2,
    says: "there is no command `lst`; did you mean `ls`?",
  },
  {
    what: "an unknown flag",
    args: ["run", "small.mtt", "--stor", "x"],
    exit: 2,
    says: "there is no flag --stor; did you mean `--store`?",
  },
  { what: "a flag without its value", args: ["run", "small.mtt", "--store"], exit: 2, says: "--store needs a value" },
  { what: "an empty value", args: ["run", "small.mtt", "--store="], exit: 2, says: "--store is empty" },
  { what: "no file", args: ["run"], exit: 2, says: "`file` is missing" },
  {
    what: "an unknown backend",
    args: ["run", "small.mtt", "--backend", "onyx"],
    exit: 2,
    says: "--backend cannot be `onyx`; did you mean `onnx`?",
  },
  {
    what: "an unknown device",
    args: ["run", "small.mtt", "--device", "gpu"],
    exit: 2,
    says: "--device cannot be `gpu`; did you mean `cpu`? (it can be cpu, webgpu, cuda)",
  },
  {
    what: "an unknown format",
    args: ["check", "small.mtt", "--format", "jsn"],
    exit: 2,
    says: "--format cannot be `jsn`; did you mean `json`?",
  },
  {
    what: "a device that a backend lacks",
    args: ["run", "small.mtt", "--backend", "reference", "--device", "webgpu"],
    exit: 3,
    says: "the reference backend has no device webgpu",
  },
  {
    what: "an unknown target",
    args: ["run", "small.mtt", "modle"],
    exit: 2,
    says: "small.mtt has no step `modle`; did you mean `model`?",
  },
  {
    what: "an unknown step to explain",
    args: ["explain", "small.mtt", "on_tset"],
    exit: 2,
    says: "did you mean `on_test`?",
  },
  {
    what: "an unknown network",
    args: ["shapes", "small.mtt", "Poled"],
    exit: 2,
    says: "small.mtt has no network `Poled`; did you mean `Pooled`?",
  },
  { what: "an unknown code", args: ["explain", "MTT9999"], exit: 2, says: "there is no diagnostic MTT9999" },
  { what: "no step to explain", args: ["explain", "small.mtt"], exit: 2, says: "which step?" },
  {
    what: "a setting without a value",
    args: ["run", "small.mtt", "--set", "epochs"],
    exit: 2,
    says: "--set takes name=value, and got `epochs`",
  },
  {
    what: "a setting of an unknown param",
    args: ["run", "small.mtt", "--set", "epoch=3"],
    exit: 2,
    says: /error\[MTT2013\].*epoch[\s\S]*did you mean `epochs`\?/,
  },
  {
    what: "a setting of another type",
    args: ["run", "small.mtt", "--set", "epochs=many"],
    exit: 2,
    says: /error\[MTT3010\]: --set epochs=many: the param is an int/,
  },
  {
    what: "an unknown backend in a variable",
    args: ["run", "small.mtt"],
    env: { MTT_BACKEND: "onyx" },
    exit: 2,
    says: "MTT_BACKEND: `onyx` is not known; did you mean `onnx`?",
  },
  {
    what: "an unknown device in a variable",
    args: ["run", "small.mtt"],
    env: { MTT_DEVICE: "tpu9000" },
    exit: 2,
    says: "MTT_DEVICE: `tpu9000` is not known",
  },
  {
    what: "an amount of memory without a unit",
    args: ["run", "small.mtt", "--memory", "512"],
    exit: 2,
    says: "--memory: `512` is no amount of memory\n  help: a number above 0 with its unit: 512MiB",
  },
  {
    what: "no memory at all, in a variable",
    args: ["run", "small.mtt"],
    env: { MTT_MEMORY: "0MiB" },
    exit: 2,
    says: "MTT_MEMORY: `0MiB` is no amount of memory",
  },
  // mtt.yaml.
  {
    what: "mtt.yaml: memory in a word",
    args: ["run", "yaml-memory/p.mtt"],
    exit: 2,
    says: "mtt.yaml: memory: `little` is no amount of memory",
  },
  {
    what: "mtt.yaml: an unknown key",
    args: ["run", "five/p.mtt"],
    exit: 2,
    says: /five\/mtt\.yaml: unknown key `stor`; did you mean `store`\?/,
  },
  {
    what: "mtt.yaml: no YAML",
    args: ["run", "yaml-syntax/p.mtt"],
    exit: 2,
    says: /yaml-syntax\/mtt\.yaml: .* at line \d+, column \d+/,
  },
  { what: "mtt.yaml: a list", args: ["run", "yaml-list/p.mtt"], exit: 2, says: "mtt.yaml should be keys and values" },
  {
    what: "mtt.yaml: another type",
    args: ["run", "yaml-type/p.mtt"],
    exit: 2,
    says: /mtt\.yaml: `store` is 3\n {2}help: a folder is expected there/,
  },
  {
    what: "mtt.yaml: an unknown backend",
    args: ["run", "yaml-backend/p.mtt"],
    exit: 2,
    says: /mtt\.yaml: backend: `onyx` is not known; did you mean `onnx`\?/,
  },
  {
    what: "mtt.yaml: params of no type",
    args: ["run", "yaml-params/p.mtt"],
    exit: 2,
    says: "`params` is { epochs: [ 1, 2 ] }",
  },
  {
    what: "mtt.yaml: an unknown param",
    args: ["run", "yaml-unknown-param/p.mtt"],
    exit: 2,
    says: "did you mean `epochs`?",
  },
  // Files that are no programs.
  { what: "a missing file", args: ["run", "nowhere.mtt"], exit: 2, says: "mtt: there is no file nowhere.mtt" },
  {
    what: "a missing file to check",
    args: ["check", "small.mtt", "nowhere.mtt"],
    exit: 2,
    says: "there is no file nowhere.mtt",
  },
  { what: "a missing file to format", args: ["fmt", "nowhere.mtt"], exit: 2, says: "there is no file nowhere.mtt" },
  { what: "a folder", args: ["check", "folder.mtt"], exit: 2, says: "folder.mtt is a folder" },
  { what: "an empty name", args: ["check", ""], exit: 2, says: "the file's name is empty" },
  { what: "a binary file", args: ["run", "binary.mtt"], exit: 2, says: "binary.mtt is not text" },
  { what: "a file of another encoding", args: ["check", "latin.mtt"], exit: 2, says: "latin.mtt is not text" },
  {
    what: "an empty file",
    args: ["run", "empty.mtt"],
    exit: 2,
    says: "empty.mtt declares no step: there is nothing to run",
  },
  { what: "a file without steps", args: ["run", "blocks.mtt"], exit: 2, says: "blocks.mtt declares no step" },
  {
    what: "a line of 10 MB",
    args: ["check", "long-line.mtt"],
    exit: 1,
    says: /error\[MTT1015\]: the file has 1000\d{4} characters/,
  },
  { what: "brackets 100,000 deep", args: ["check", "deep.mtt"], exit: 1, says: "error[MTT1014]" },
  // Wrong programs.
  {
    what: "imports in a circle",
    args: ["check", "cycle.mtt"],
    exit: 1,
    says: "error[MTT2005]: these files import each other: cycle.mtt -> cycle-b.mtt -> cycle.mtt",
  },
  {
    what: "a missing import",
    args: ["run", "missing-import.mtt"],
    exit: 1,
    says: 'error[MTT2003]: there is no file "./nowhere"',
  },
  { what: "a missing import of the library", args: ["check", "missing-std.mtt"], exit: 1, says: "error[MTT2003]" },
  {
    what: "an import of a name that is not there",
    args: ["check", "missing-name.mtt"],
    exit: 1,
    says: "error[MTT2004]",
  },
  { what: "an import of a folder", args: ["check", "folder-import.mtt"], exit: 1, says: "error[MTT2003]" },
  {
    what: "weights beyond memory",
    args: ["run", "huge.mtt"],
    exit: 1,
    says: /error\[MTT4001\]: the weights of `Pooled` would take [\d.]+ GiB/,
  },
  {
    what: "shapes that disagree",
    args: ["run", "shapes.mtt"],
    exit: 1,
    says: "error[MTT3004]: dense(10) got f32[28, 28, 1], and needs one axis",
  },
  { what: "a batch of none", args: ["check", "no-batch.mtt"], exit: 1, says: "batch" },
  { what: "fewer than no epochs", args: ["check", "no-epochs.mtt"], exit: 1, says: "epochs" },
  {
    what: "an assertion that does not hold",
    args: ["run", "asserts.mtt"],
    exit: 1,
    says: "error[MTT5401]: the assertion does not hold",
  },
  // Runs that fail.
  {
    what: "a batch larger than the data",
    args: ["run", "batch.mtt"],
    exit: 3,
    says: "error[MTT5201]: `model` failed: a batch has 301 examples, and the data has 300",
  },
  { what: "no example left", args: ["run", "none-left.mtt"], exit: 3, says: /`model` failed/ },
  {
    what: "a rate that diverges",
    args: ["run", "diverges.mtt"],
    exit: 3,
    says: "error[MTT5206]: `model` failed: training met a number that is not finite",
  },
  {
    what: "training beyond the memory of this machine",
    args: ["run", "large.mtt"],
    exit: 3,
    says: /error\[MTT5407\]: `model` failed: training `Pooled` takes [\d.]+ GiB for its weights and its optimizer, and [\d.]+ GiB are free/,
  },
  {
    what: "a label out of range",
    args: ["run", "label-range.mtt"],
    exit: 3,
    says: /error\[MTT5507\]: `data` failed: .*labels\.npy.* 7/,
  },
  { what: "a table without rows", args: ["run", "label.mtt"], exit: 3, says: /error\[MTT5\d{3}\]/ },
  { what: "a file cut short", args: ["run", "cut.mtt"], exit: 3, says: /error\[MTT5504\]: `data` failed: .*cut\.npy/ },
  {
    what: "a file of another shape",
    args: ["run", "other-shape.mtt"],
    exit: 3,
    says: /error\[MTT5508\]: `data` failed: .*x5\.npy/,
  },
  {
    what: "a data file that is missing",
    args: ["run", "no-file.mtt"],
    exit: 3,
    says: /error\[MTT5502\]: `data` failed: cannot read .*nowhere\.npy: it does not exist/,
  },
  {
    what: "a data file of another format",
    args: ["run", "no-idx.mtt"],
    exit: 3,
    says: /error\[MTT5503\]: `data` failed: .*small\.mtt is no IDX file/,
  },
  {
    what: "no MNIST and no network",
    args: ["run", "no-data.mtt"],
    exit: 3,
    says: /error\[MTT5501\]: `digits\.train` failed: mnist could not be found[\s\S]*three ways out:[\s\S]*fallback: glyphs/,
  },
  {
    what: "no CIFAR-10 and no network",
    args: ["run", "no-cifar.mtt"],
    exit: 3,
    says: /error\[MTT5501\][\s\S]*three ways out:/,
  },
  {
    what: "weights that are missing",
    args: ["run", "weights.mtt"],
    exit: 3,
    says: 'error[MTT5404]: `model` failed: weights("nowhere.safetensors"): cannot read ',
  },
  {
    what: "weights of another format",
    args: ["run", "weights-cut.mtt"],
    exit: 3,
    says: 'error[MTT5404]: `model` failed: weights("x.npy"): the header\'s length ',
  },
  {
    what: "a store that is a file",
    args: ["run", "small.mtt", "--store", "a-file"],
    exit: 3,
    says: /error\[MTT5101\]: the store .*a-file cannot be/,
  },
  {
    what: "a store under a file",
    args: ["run", "small.mtt", "--store", "a-file/store"],
    exit: 3,
    says: "error[MTT5101]",
  },
  {
    what: "a store that cannot be written",
    args: ["run", "small.mtt", "--store", "/proc/mtt"],
    exit: 3,
    says: /error\[MTT5101\]: .*the store \/proc\/mtt cannot be written/,
  },
  {
    what: "a store of another version",
    args: ["run", "small.mtt", "--store", "other-format"],
    exit: 3,
    says: /error\[MTT5103\]: the store .* has format 99; this mtt reads format 1/,
  },
  {
    what: "a folder that is no store",
    args: ["cache", "ls", "--store", "not-a-store"],
    exit: 3,
    says: "error[MTT5103]",
  },
];

const AT_ONCE = 3;
const results = new Map<Row, Result>();

beforeAll(async () => {
  const cwd = folderOf(files);
  const waiting = [...table];
  const work = async () => {
    for (let row = waiting.shift(); row !== undefined; row = waiting.shift()) {
      const store =
        row.args.includes("run") && !row.args.some((arg) => arg.startsWith("--store")) ? ["--store", "stored"] : [];
      results.set(row, await mtt([...row.args, ...store], { cwd, env: row.env ?? {} }));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
});

describe("a bad input is said clearly, with its exit code:", () => {
  it.each(table.map((row) => [row.what, row] as const))("%s", (_, row) => {
    const { code, signal, stdout, stderr } = results.get(row)!;
    const said = row.args[0] === "check" ? stdout + stderr : stderr;
    expect(said).toMatch(row.says);
    expect([code, signal]).toEqual([row.exit, null]);
    // For people: no stack trace, nothing of the inside, a way on.
    for (const text of [stdout, stderr]) expect(text).not.toMatch(/^\s+at .*:\d+\)?$|bug in mtt|undefined|\[object/m);
    expect(said).toMatch(/help: | expected here/);
  });
});

describe("the same with --format json", () => {
  it("ends with `run.finished` whatever is wrong, and says what in an event", async () => {
    const cwd = folderOf(files);
    for (const [file, exit, code] of [
      ["shapes.mtt", 1, "MTT3004"],
      ["batch.mtt", 3, "MTT5201"],
      ["asserts.mtt", 1, "MTT5401"],
    ] as const) {
      const { stdout, stderr, ...result } = await mtt(["run", file, "--format", "json"], { cwd });
      expect([result.code, stderr]).toEqual([exit, ""]);
      expect(finished(stdout).status).toBe("failed");
      expect(eventsOf(stdout).find(({ event }) => event === "diagnostic")).toMatchObject({
        code,
        severity: "error",
        file,
      });
    }
  });
});
