import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderOf, mtt, removeFolders, small } from "./mtt.ts";

afterAll(removeFolders);

const lines = (stdout: string): readonly { readonly [name: string]: unknown }[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line): { readonly [name: string]: unknown } => JSON.parse(line));

describe("mtt check", () => {
  const cwd = folderOf({
    "p.mtt": small,
    "two.mtt": "let x = y\nlet z = q\n",
    "warns.mtt": "block relu(x: f32[...s]) -> f32[...s] = x\n",
  });
  const check = (...args: readonly string[]) => mtt(["check", ...args], { cwd });

  it("prints nothing for a program that is right", async () => {
    expect(await check("p.mtt")).toEqual({ code: 0, signal: null, stdout: "", stderr: "" });
  });

  it("prints every error on stdout, in each format", async () => {
    const [human, short, json, github, sarif] = await Promise.all([
      check("two.mtt", "p.mtt"),
      check("two.mtt", "--format", "short"),
      check("two.mtt", "--format", "json"),
      check("two.mtt", "--format", "github"),
      check("two.mtt", "--format", "sarif"),
    ]);
    for (const { code, stderr } of [human, short, json, github, sarif]) expect([code, stderr]).toEqual([1, ""]);
    expect(human.stdout.match(/error\[MTT2001\]/g)).toHaveLength(2);
    expect(human.stdout.trimEnd().endsWith("2 errors")).toBe(true);
    expect(short.stdout.split("\n")[0]).toMatch(/^two\.mtt:1:9: error\[MTT2001\]/);
    expect(lines(json.stdout)).toMatchObject([
      { code: "MTT2001", file: "two.mtt", range: { start: { line: 1, column: 9 } } },
      { code: "MTT2001", file: "two.mtt", range: { start: { line: 2, column: 9 } } },
    ]);
    expect(github.stdout).toMatch(/^::error file=two\.mtt,line=1,/);
    expect(JSON.parse(sarif.stdout)).toMatchObject({ version: "2.1.0", runs: [{ results: [{}, {}] }] });
  });

  it("prints a warning and ends 0", async () => {
    const { code, stdout } = await check("warns.mtt");
    expect(code).toBe(0);
    expect(stdout).toContain("warning[MTT2006]");
  });

  it("--timings: every phase, on stderr", async () => {
    const { stderr, stdout } = await check("p.mtt", "--timings");
    expect(stdout).toBe("");
    expect(stderr).toMatch(/^parse +[\d.]+ ms\ncheck +[\d.]+ ms\nelaborate +[\d.]+ ms\nwarn +[\d.]+ ms\n$/);
  });
});

describe("mtt shapes", () => {
  it("is a table of stages, or a JSON object a stage", async () => {
    const cwd = folderOf({ "p.mtt": small });
    const [human, json] = await Promise.all([
      mtt(["shapes", "p.mtt", "Pooled"], { cwd }),
      mtt(["shapes", "p.mtt", "--format", "json"], { cwd }),
    ]);
    expect(human.stdout).toMatch(
      /^Pooled\nstage +output +weights +parameters +FLOPs per example +activations per example\n/,
    );
    expect(human.stdout).toMatch(/^dense\(16\) +f32\[16\] +layer0\/W, layer0\/b +800 +/m);
    expect(human.stdout).toMatch(/^total +f32\[10\] +970 +/m);
    expect(lines(json.stdout)).toContainEqual(
      expect.objectContaining({
        network: "Pooled",
        stage: "flatten",
        output: "f32[49]",
        parameters: 0,
        activations: 0,
      }),
    );
  });
});

describe("mtt plan, explain, cache", () => {
  const cwd = folderOf({ "p.mtt": small });
  const plan = async (...args: readonly string[]) =>
    lines((await mtt(["plan", "p.mtt", "--format", "json", ...args], { cwd })).stdout);
  const explain = async (...args: readonly string[]) => (await mtt(["explain", "p.mtt", ...args], { cwd })).stdout;

  it("say before a run what it would do, and leave no trace", async () => {
    expect((await plan()).map(({ step, would }) => [step, would])).toEqual([
      ["digits.train", "run"],
      ["digits.test", "run"],
      ["model", "run"],
      ["on_test", "waits"],
      ["assert#1", "waits"],
      ["results", "waits"],
    ]);
    expect(await explain("model")).toBe("model would run: the store holds no result of it\n");
    expect(await explain("on_test")).toContain("once it is known what comes of");
    expect(existsSync(join(cwd, ".mtt"))).toBe(false);
    expect((await mtt(["cache", "ls"], { cwd })).stderr).toContain("0 results");
  });

  describe("after a run", () => {
    beforeAll(async () => {
      await mtt(["run", "p.mtt", "--quiet"], { cwd });
    });

    it("all is cached", async () => {
      const steps = await plan();
      expect(new Set(steps.map(({ would }) => would))).toEqual(new Set(["cached"]));
      expect(await explain("model")).toBe("model is stored: nothing would run\n");
      expect(await explain("results")).toBe("results is stored: nothing would run\n");
    });

    it("more epochs go on from those that are there", async () => {
      const model = (await plan("--set", "epochs=7")).find(({ step }) => step === "model");
      expect(model).toMatchObject({ would: "run", kept: 3 });
      const table = await mtt(["plan", "p.mtt", "--set", "epochs=7"], { cwd });
      expect(table.stdout).toMatch(/^train model +run on from epoch 3 /m);
      expect(await explain("model", "--set", "epochs=7")).toBe(
        "model would run: this has changed since its last result; 3 epochs of it are stored, and it would go on from there\n  length.epochs: 3 -> 7\n",
      );
    });

    it("another rate is why, and what depends on it waits", async () => {
      expect(await explain("model", "--set", "rate=0.5")).toMatch(/step\.of\.optimizer\.rate\.rate: 0\.01 -> 0\.5\n$/);
      expect((await plan("--set", "rate=0.5")).find(({ step }) => step === "on_test")).toMatchObject({
        would: "waits",
      });
    });

    it("the cache lists every result", async () => {
      const { stdout, stderr } = await mtt(["cache", "ls"], { cwd });
      for (const kind of ["train", "evaluate", "assert", "report"]) expect(stdout).toMatch(new RegExp(` ${kind} `));
      // Two data sets, three epochs, and four steps.
      expect(stderr).toMatch(/^9 results, [\d.]+ [KM]iB in .*\.mtt\n$/);
      const json = lines((await mtt(["cache", "ls", "--format", "json"], { cwd })).stdout);
      expect(json.map(({ name }) => name).sort()).toEqual(
        ["assert#1", "digits.test", "digits.train", "model", "model", "model", "model", "on_test", "results"].sort(),
      );
    });
  });
});

describe("mtt explain CODE", () => {
  it("knows the codes of programs and of runs", async () => {
    const [checked, ran] = await Promise.all([mtt(["explain", "MTT3004"]), mtt(["explain", "mtt5401"])]);
    expect(checked.stdout).toMatch(/^MTT3004: /);
    expect(ran.stdout).toMatch(/^MTT5401: /);
  });
});

describe("mtt graph", () => {
  it("is mermaid, dot or an SVG, of the plan or of a network", async () => {
    const cwd = folderOf({ "p.mtt": small });
    const [mermaid, dot, svg, network, none] = await Promise.all([
      mtt(["graph", "p.mtt"], { cwd }),
      mtt(["graph", "p.mtt", "--format", "dot"], { cwd }),
      mtt(["graph", "p.mtt", "--format", "svg"], { cwd }),
      mtt(["graph", "p.mtt", "Pooled", "--format", "svg"], { cwd }),
      mtt(["graph", "p.mtt", "Poled"], { cwd }),
    ]);
    expect([svg.code, svg.stderr]).toEqual([0, ""]);
    expect(svg.stdout).toMatch(/^<svg[\s\S]*>train model<\/text>[\s\S]*<\/svg>\s*$/);
    expect(network.stdout).toMatch(/^<svg[\s\S]*>dense\(16\)<\/text>[\s\S]*>f32\[16\]<\/text>[\s\S]*<\/svg>\s*$/);
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("did you mean `Pooled`?") });
    expect(mermaid.stdout).toMatch(/^flowchart TD\n/);
    expect(dot.stdout).toMatch(/^digraph plan \{\n/);
    expect(dot.stdout).toContain('"model" -> "on_test"');
  });
});

describe("mtt fmt", () => {
  const ugly = "let   x=1\nlet y = x+ 2\n";
  const pretty = "let x = 1\nlet y = x + 2\n";

  it("formats in place, once", async () => {
    const cwd = folderOf({ "a.mtt": ugly, "b.mtt": pretty });
    expect((await mtt(["fmt", "--check", "a.mtt", "b.mtt"], { cwd })).code).toBe(1);
    expect(readFileSync(join(cwd, "a.mtt"), "utf8")).toBe(ugly);
    expect((await mtt(["fmt", "a.mtt", "b.mtt"], { cwd })).code).toBe(0);
    expect(readFileSync(join(cwd, "a.mtt"), "utf8")).toBe(pretty);
    expect(await mtt(["fmt", "--check", "a.mtt", "b.mtt"], { cwd })).toMatchObject({ code: 0, stderr: "" });
  });

  it("reads stdin and prints", async () => {
    expect(await mtt(["fmt", "-"], { input: ugly })).toMatchObject({ code: 0, stdout: pretty });
  });

  it("leaves a program that cannot be read as it is", async () => {
    const cwd = folderOf({ "a.mtt": "let x = (\n" });
    expect((await mtt(["fmt", "a.mtt"], { cwd })).code).toBe(1);
    expect(readFileSync(join(cwd, "a.mtt"), "utf8")).toBe("let x = (\n");
  });
});

describe("mtt backend list", () => {
  it("says what computes here, and why something cannot", async () => {
    const { stdout, code } = await mtt(["backend", "list", "--format", "json"]);
    expect(code).toBe(0);
    const rows = lines(stdout);
    for (const name of ["onnx", "reference"])
      expect(rows).toContainEqual(expect.objectContaining({ name, device: "cpu", ok: true }));
    for (const { ok, why } of rows) if (ok !== true) expect(why).toMatch(/\w/);
  });
});

describe("help", () => {
  const commands = ["run", "check", "shapes", "plan", "explain", "graph", "fmt", "cache ls", "backend list"];

  it.each(commands)("of `mtt %s` is on stdout, with examples", async (command) => {
    const { code, stdout, stderr } = await mtt([...command.split(" "), "--help"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/USAGE\n {2}mtt /);
    expect(stdout).toMatch(/EXAMPLES\n[\s\S]*mtt /);
  });

  it("of mtt names every command, and completions exist for the shells", async () => {
    const { stdout } = await mtt([]);
    for (const command of commands) expect(stdout).toContain(`  ${command.split(" ")[0]} `);
    for (const shell of ["bash", "zsh", "fish"]) {
      const { code, stdout: script } = await mtt(["--completions", shell]);
      expect(code).toBe(0);
      expect(script).toContain("shapes");
    }
    expect((await mtt(["--version"])).stdout).toMatch(/^mtt \d+\.\d+\.\d+\n$/);
  });
});

describe("configuration", () => {
  const cwd = folderOf({
    "mtt.yaml": "store: from-yaml\nbackend: reference\nparams:\n  epochs: 2\n",
    "deep/er/p.mtt": small,
  });
  const key = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const { stdout } = await mtt(["plan", "deep/er/p.mtt", "--format", "json", ...args], { cwd, env });
    return lines(stdout).find(({ step }) => step === "model")!.key;
  };

  it("flags win over variables, over the nearest mtt.yaml above the file, over the program", async () => {
    const [yaml, variable, flag, two, onnx] = await Promise.all([
      key([]),
      key([], { MTT_BACKEND: "onnx" }),
      key(["--backend", "reference"], { MTT_BACKEND: "onnx" }),
      key(["--set", "epochs=2"]),
      key(["--backend", "onnx"]),
    ]);
    expect(flag).toBe(yaml);
    expect(two).toBe(yaml);
    expect(variable).toBe(onnx);
    expect(variable).not.toBe(yaml);
  });

  it("the store lies where the flag, the variable or mtt.yaml says, each from where it stands", async () => {
    const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
      mtt(["run", "deep/er/p.mtt", "digits.test", "--quiet", ...args], { cwd, env });
    await run([]);
    await run([], { MTT_STORE: "from-variable" });
    await run(["--store", "from-flag"], { MTT_STORE: "nowhere" });
    for (const store of ["from-yaml", "from-variable", "from-flag"])
      expect(existsSync(join(cwd, store, "format.json"))).toBe(true);
    expect(existsSync(join(cwd, "nowhere"))).toBe(false);
    expect(existsSync(join(cwd, "deep/er/.mtt"))).toBe(false);
  });

  it("without mtt.yaml, the store is beside the program", async () => {
    const alone = folderOf({ "sub/p.mtt": small });
    await mtt(["run", "sub/p.mtt", "digits.test", "--quiet"], { cwd: alone });
    expect(existsSync(join(alone, "sub/.mtt/format.json"))).toBe(true);
  });
});
