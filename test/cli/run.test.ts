import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventsOf, finished, folderOf, mtt, type Result, removeFolders, small } from "./mtt.ts";

afterAll(removeFolders);

const json = (folder: string, ...more: readonly string[]) =>
  mtt(["run", "p.mtt", "--format", "json", ...more], { cwd: folder });
const statuses = (stdout: string) =>
  Object.fromEntries(Object.entries(finished(stdout).steps).map(([name, { status }]) => [name, status]));
const epochsOf = (stdout: string) =>
  eventsOf(stdout).flatMap(({ event, accuracy, epoch }) =>
    event === "step.progress" && accuracy !== undefined ? [epoch] : [],
  );

describe.each(["onnx", "reference"])("a run on %s", (backend) => {
  const folder = folderOf({ "p.mtt": small });
  let first: Result;
  beforeAll(async () => {
    first = await json(folder, "--backend", backend);
  });

  it("ends done, and every line is an event", () => {
    expect(first.code).toBe(0);
    expect(first.stderr).toBe("");
    const events = eventsOf(first.stdout);
    expect(new Set(events.map(({ event }) => event))).toEqual(
      new Set(["step.started", "step.progress", "step.finished", "run.finished"]),
    );
    expect(finished(first.stdout)).toMatchObject({
      event: "run.finished",
      status: "done",
      steps: {
        "digits.train": { status: "ran", result: { count: 300, origin: "glyphs" } },
        model: { status: "ran", result: { epochs: 3, steps: 18 } },
        on_test: { status: "ran", result: { count: 50 } },
        "assert#1": { status: "ran", result: { passed: true } },
        results: { status: "ran", result: { file: join(folder, ".mtt/reports/p/results.html") } },
      },
    });
    const { model, on_test } = finished(first.stdout).steps;
    expect(model!.key).toMatch(/^[0-9a-f]{64}$/);
    expect(model!.result.parameters).toMatch(/^[0-9a-f]{64}$/);
    expect(model!.seconds).toBeGreaterThan(0);
    for (const figure of [model!.result.loss, model!.result.accuracy, on_test!.result.loss, on_test!.result.accuracy]) {
      expect(figure).toEqual(expect.any(Number));
    }
  });

  it("tells of each epoch: number, length, loss, and accuracy after it", () => {
    const progress = eventsOf(first.stdout).filter(({ event, step }) => event === "step.progress" && step === "model");
    const ends = progress.filter(({ accuracy }) => accuracy !== undefined);
    expect(ends.map(({ epoch, epochs }) => [epoch, epochs])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    for (const { loss, accuracy, fraction } of ends) {
      expect(loss).toEqual(expect.any(Number));
      expect(accuracy).toEqual(expect.any(Number));
      expect(fraction).toEqual(expect.any(Number));
    }
    const { loss, accuracy } = finished(first.stdout).steps.model!.result;
    expect(ends.at(-1)).toMatchObject({ loss, accuracy });
  });

  it("is all cached the second time", async () => {
    const again = await json(folder, "--backend", backend);
    expect(again.code).toBe(0);
    expect(new Set(Object.values(statuses(again.stdout)))).toEqual(new Set(["cached"]));
    expect(again.stdout).not.toContain("step.started");
    for (const [name, { key, result }] of Object.entries(finished(first.stdout).steps)) {
      expect(finished(again.stdout).steps[name]).toMatchObject({ key, result });
    }
  });

  it("trains only the epochs that are new, to the bytes of a run that never stopped", async () => {
    const longer = await json(folder, "--backend", backend, "--set", "epochs=5");
    expect(epochsOf(longer.stdout)).toEqual([4, 5]);
    const whole = await json(folderOf({ "p.mtt": small }), "--backend", backend, "--set", "epochs=5");
    expect(epochsOf(whole.stdout)).toEqual([1, 2, 3, 4, 5]);
    const result = (stdout: string) => finished(stdout).steps.model!.result;
    expect(result(longer.stdout)).toEqual(result(whole.stdout));
    // And back: what is longer is not used for what is shorter, and nothing is trained.
    const shorter = await json(folder, "--backend", backend, "--set", "epochs=4");
    expect(epochsOf(shorter.stdout)).toEqual([]);
    expect(result(shorter.stdout)).toMatchObject({ epochs: 4 });
  });
});

describe("what is no part of a key", () => {
  it("is a name, a comment, the layout of the text, a path", async () => {
    const folder = folderOf({ "p.mtt": small });
    await json(folder);
    const renamed = `// another text\n${small}`
      .replaceAll("Pooled", "Net")
      .replaceAll("model", "trained")
      .replaceAll("on_test", "checked")
      .replaceAll("  ", " ")
      // `model:` is a field of evaluate.
      .replaceAll("trained:", "model:");
    const other = folderOf({ "deeper/q.mtt": renamed });
    const again = await mtt(["run", "deeper/q.mtt", "--format", "json", "--store", join(folder, ".mtt")], {
      cwd: other,
    });
    expect(again.stderr).toBe("");
    expect(new Set(Object.values(statuses(again.stdout)))).toEqual(new Set(["cached"]));
    expect(Object.keys(statuses(again.stdout))).toContain("trained");
    // People see the names of now.
    expect(eventsOf(again.stdout).map(({ step }) => step)).not.toContain("model");
    const html = readFileSync(join(folder, ".mtt/reports/q/results.html"), "utf8");
    expect(html).toContain("trained");
    expect(html).not.toContain("on_test");
  });

  it("is not a number, a seed or the engine", async () => {
    const folder = folderOf({ "p.mtt": small, "seed.mtt": small.replace("  seed: 1", "  seed: 2") });
    await json(folder);
    const keyOf = async (...args: readonly string[]) => {
      const { stdout } = await mtt(["run", ...args, "model", "--format", "json", "--set", "epochs=1"], { cwd: folder });
      return finished(stdout).steps.model!;
    };
    const runs = await Promise.all([
      keyOf("p.mtt"),
      keyOf("seed.mtt"),
      keyOf("p.mtt", "--set", "rate=0.02"),
      keyOf("p.mtt", "--backend", "reference"),
    ]);
    expect(new Set(runs.map(({ key }) => key)).size).toBe(4);
    expect(runs.map(({ status }) => status)).toEqual(["ran", "ran", "ran", "ran"]);
  });

  it("is how long is counted: steps are not taken for epochs", async () => {
    const folder = folderOf({ "p.mtt": small, "steps.mtt": small.replace("epochs: epochs", "steps: 4") });
    await json(folder, "model", "--set", "epochs=4");
    const { stdout } = await mtt(["run", "steps.mtt", "model", "--format", "json"], { cwd: folder });
    expect(finished(stdout).steps.model).toMatchObject({ status: "ran", result: { steps: 4, epochs: 0 } });
  });
});

describe("targets", () => {
  it("compute what they need and nothing else", async () => {
    const folder = folderOf({ "p.mtt": small });
    const { stdout, code } = await json(folder, "on_test");
    expect(code).toBe(0);
    expect(statuses(stdout)).toEqual({ "digits.train": "ran", "digits.test": "ran", model: "ran", on_test: "ran" });
    expect(existsSync(join(folder, ".mtt/reports"))).toBe(false);
  });
});

describe("on a pipe", () => {
  const folder = folderOf({ "p.mtt": small });
  let first: Result;
  beforeAll(async () => {
    first = await mtt(["run", "p.mtt"], { cwd: folder });
  });

  it("prints plain lines for people on stderr, and results on stdout", () => {
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(
      /^assert#1: passed true, on_test\.accuracy 0\.\d+\nresults: file .*\/\.mtt\/reports\/p\/results\.html\n$/,
    );
    expect(first.stderr).not.toContain("\u001B");
    expect(first.stderr).toMatch(/^ {2}model 33 % {2}epoch 1\/3, loss [\d.]+, accuracy [\d.]+$/m);
    expect(first.stderr).toMatch(/^✓ model {2}epochs 3, loss /m);
  });

  it("says nothing but results with --quiet, and milliseconds with --timings", async () => {
    const quiet = await mtt(["run", "p.mtt", "--quiet"], { cwd: folder });
    expect(quiet.stderr).toBe("");
    expect(quiet.stdout).toBe(first.stdout);
    const timed = await mtt(["run", "p.mtt", "--quiet", "--timings"], { cwd: folder });
    for (const phase of ["parse", "check", "elaborate", "model"]) {
      expect(timed.stderr).toMatch(new RegExp(`^${phase} .* ms$`, "m"));
    }
  });

  it("leaves no temporary file and no lock", () => {
    expect(readdirSync(join(folder, ".mtt/tmp"))).toEqual([]);
    expect(readdirSync(join(folder, ".mtt/locks"))).toEqual([]);
  });
});

describe("a run that does not succeed", () => {
  it("ends 1 where an assertion does not hold, after all else was computed", async () => {
    const folder = folderOf({ "p.mtt": small.replace("> 0.05", "> 2") });
    const { code, stdout } = await json(folder);
    expect(code).toBe(1);
    expect(finished(stdout)).toMatchObject({
      status: "failed",
      steps: { "assert#1": { status: "failed" }, results: { status: "ran" } },
    });
    expect(eventsOf(stdout).find(({ event }) => event === "diagnostic")).toMatchObject({
      code: "MTT5401",
      severity: "error",
      file: "p.mtt",
      range: { start: { line: 24, column: 8 } },
      message: "the assertion does not hold: on_test.accuracy > 2 (it learns something)",
    });
    const again = await json(folder);
    expect(again.code).toBe(1);
    expect(statuses(again.stdout)).toMatchObject({ model: "cached", "assert#1": "failed" });
  });

  it("ends 3 where a step fails; steps that read it are skipped, others run", async () => {
    const other = `${small}\ntrain bad = model with { batch: 1000 }\nevaluate of_bad { model: bad, data: digits.test }\n`;
    const { code, stdout, stderr } = await mtt(["run", "p.mtt"], { cwd: folderOf({ "p.mtt": other }) });
    expect(code).toBe(3);
    expect(stderr).toContain("error[MTT5201]: `bad` failed: a batch has 1000 examples, and the data has 300");
    expect(stderr).toContain("- of_bad  skipped: it reads what failed");
    expect(stdout).toContain("assert#1: passed true");
  });
});

describe("what a run warns of", () => {
  const warned = `let digits = glyphs(n: 60, seed: 1)
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> dense(10)
train model { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.1), batch: 30, epochs: 1, seed: 1 }
influence blame { model: model, test: digits.test |> take(1), method: ekfac() }
report page { title: "First", show: [certificate(blame)] }
`;
  const ran = async (cwd: string, text: string) => {
    writeFileSync(join(cwd, "p.mtt"), text);
    const { code, stdout } = await mtt(["run", "p.mtt", "--format", "json"], { cwd });
    expect(code).toBe(0);
    const { steps } = finished(stdout);
    return { steps, html: readFileSync(String(steps.page!.result.file), "utf8") };
  };
  const told = /MTT5002<\/b> <code>(\w+)<\/code>: the model is no minimum/;

  it("is in the report, also in one that is made of stored results under other names", async () => {
    const cwd = folderOf();
    const first = await ran(cwd, warned);
    expect(first.html.match(told)?.[1]).toBe("blame");
    const later = await ran(cwd, warned.replace("First", "Later").replaceAll("blame", "guilt"));
    expect(later.steps.guilt!.status).toBe("cached");
    expect(later.html).toContain("<h1>Later</h1>");
    expect(later.html.match(told)?.[1]).toBe("guilt");
  });
});
