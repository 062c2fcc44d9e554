import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventsOf, finished, folderOf, mtt, removeFolders, small } from "./mtt.ts";

afterAll(removeFolders);

const run = (cwd: string, ...more: readonly string[]) =>
  mtt(["run", "p.mtt", "model", "--format", "json", ...more], { cwd });
const model = (stdout: string) => finished(stdout).steps.model!;
const trained = (stdout: string) =>
  eventsOf(stdout).flatMap(({ event, accuracy, epoch }) =>
    event === "step.progress" && accuracy !== undefined ? [Number(epoch)] : [],
  );

describe("two runs at once on one store", () => {
  it("share the work: one computes, the other waits and finds it", async () => {
    const cwd = folderOf({ "p.mtt": small });
    const runs = await Promise.all([run(cwd, "--set", "epochs=60"), run(cwd, "--set", "epochs=60")]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    expect(runs.map(({ stdout }) => model(stdout).status).sort()).toEqual(["cached", "ran"]);
    expect(model(runs[0].stdout).result).toEqual(model(runs[1].stdout).result);
    const waiter = runs.find(({ stdout }) => model(stdout).status === "cached")!;
    expect(eventsOf(waiter.stdout).map(({ event }) => event)).toContain("step.waiting");
    expect(trained(waiter.stdout)).toEqual([]);
  });

  it("of different lengths compute each epoch once", async () => {
    const cwd = folderOf({ "p.mtt": small });
    const [short, long] = await Promise.all([run(cwd, "--set", "epochs=30"), run(cwd, "--set", "epochs=45")]);
    expect([short.code, long.code]).toEqual([0, 0]);
    const epochs = [...trained(short.stdout), ...trained(long.stdout)];
    // Whichever came first: if it was the shorter, the longer went on; if the longer, the shorter took what was there.
    expect(epochs.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 45 }, (_, i) => i + 1));
    const alone = await run(folderOf({ "p.mtt": small }), "--set", "epochs=45");
    expect(model(long.stdout).result).toEqual(model(alone.stdout).result);
  });
});

/** Every file of the store's results, by name inside it. */
const resultsIn = (cwd: string) =>
  readdirSync(join(cwd, ".mtt/results"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json"))
    .map((name) => join(cwd, ".mtt/results", name));
const checkpointOf = (cwd: string, epoch: number): string =>
  resultsIn(cwd).find((file) => file.endsWith(`at-${epoch}.json`))!;
const objectOf = (file: string, group: string, cwd: string): string => {
  const hash: string = JSON.parse(readFileSync(file, "utf8")).result.arrays[group].object;
  return join(cwd, ".mtt/objects", hash.slice(0, 2), hash.slice(2));
};

describe("a checkpoint that is", () => {
  const harms: readonly (readonly [string, (file: string, cwd: string) => void])[] = [
    ["cut short", (file) => writeFileSync(file, readFileSync(file).subarray(0, 100))],
    ["empty", (file) => writeFileSync(file, "")],
    ["altered", (file) => writeFileSync(file, readFileSync(file, "utf8").replace(/"loss":\d/, '"loss":7'))],
    [
      "made by another version",
      (file) => writeFileSync(file, readFileSync(file, "utf8").replace('"format":1', '"format":2')),
    ],
    ["without its arrays", (file, cwd) => rmSync(objectOf(file, "optimizer", cwd))],
    [
      "of arrays cut short",
      (file, cwd) => {
        const object = objectOf(file, "optimizer", cwd);
        writeFileSync(object, readFileSync(object).subarray(0, 1000));
      },
    ],
  ];
  const base = folderOf({ "p.mtt": small });
  let whole: unknown;
  beforeAll(async () => {
    const unbroken = folderOf({ "p.mtt": small });
    const [, five] = await Promise.all([run(base, "--set", "epochs=4"), run(unbroken, "--set", "epochs=5")]);
    whole = model(five.stdout).result;
  });

  it.each(harms)("%s is named, set aside, and trained anew", async (_, harm) => {
    const cwd = folderOf();
    cpSync(base, cwd, { recursive: true });
    harm(checkpointOf(cwd, 4), cwd);
    const { code, stdout } = await run(cwd, "--set", "epochs=5");
    expect(code).toBe(0);
    expect(trained(stdout)).toEqual([4, 5]);
    expect(model(stdout).result).toEqual(whole);
    expect(eventsOf(stdout).find(({ event }) => event === "diagnostic")).toMatchObject({
      code: "MTT5003",
      severity: "warning",
      message: expect.stringContaining("the checkpoint at 4 cannot be used"),
    });
    // What was written anew is whole: the next run has nothing to say.
    const again = await run(cwd, "--set", "epochs=6");
    expect(eventsOf(again.stdout).map(({ event }) => event)).not.toContain("diagnostic");
    expect(trained(again.stdout)).toEqual([6]);
  });
});

describe("damaged results", () => {
  it("are named, set aside, and computed again to the same bytes, whatever was hit", async () => {
    const cwd = folderOf({ "p.mtt": small });
    const all = () => mtt(["run", "p.mtt", "--format", "json"], { cwd });
    const first = await all();
    for (const file of resultsIn(cwd)) writeFileSync(file, readFileSync(file).subarray(0, 60));
    const again = await all();
    expect(again.code).toBe(0);
    for (const [name, { key, result }] of Object.entries(finished(first.stdout).steps)) {
      expect(finished(again.stdout).steps[name]).toMatchObject({ status: "ran", key, result });
    }
    expect(readdirSync(join(cwd, ".mtt/damaged")).length).toBeGreaterThan(6);
    expect(
      eventsOf(again.stdout).filter(({ event, code }) => event === "diagnostic" && code === "MTT5003").length,
    ).toBeGreaterThan(3);
  });

  it("do no harm where they are objects", async () => {
    const cwd = folderOf({ "p.mtt": small });
    const all = () => mtt(["run", "p.mtt", "--format", "json"], { cwd });
    const first = await all();
    for (const name of readdirSync(join(cwd, ".mtt/objects"), { recursive: true, encoding: "utf8" })) {
      const file = join(cwd, ".mtt/objects", name);
      if (name.length > 60) writeFileSync(file, readFileSync(file).subarray(0, -1));
    }
    // The figures are whole, so that only what is read is computed again: here the model, for another evaluation.
    writeFileSync(join(cwd, "q.mtt"), small.replace("data: digits.test", "data: digits.test |> take(20)"));
    const { code, stdout } = await mtt(["run", "q.mtt", "--format", "json"], { cwd });
    expect(code).toBe(0);
    expect(finished(stdout).steps.on_test).toMatchObject({ status: "ran", result: { count: 20 } });
    const again = eventsOf(stdout).find(({ event, step }) => event === "step.finished" && step === "model");
    expect(again?.result).toEqual(finished(first.stdout).steps.model!.result);
  });
});
