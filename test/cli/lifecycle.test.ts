import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { bundle, type Ended, lines, project, start, tiny } from "./support.ts";

let program = "";
beforeAll(async () => {
  program = await bundle();
});

const run = (cwd: string, ...args: string[]): Promise<Ended> => start(program, cwd, ["run", "tiny.mtt", ...args]).ended;
const json = async (cwd: string, ...args: string[]) => lines((await run(cwd, "--format", "json", ...args)).out);
const last = (events: ReturnType<typeof lines>) => events.at(-1)!;
const parameters = (events: ReturnType<typeof lines>) => last(events).steps?.model?.result.parameters;
const trained = (events: ReturnType<typeof lines>) =>
  events.flatMap(({ event, accuracy, epoch }) => (event === "step.progress" && accuracy !== undefined ? [epoch] : []));

describe("mtt run", () => {
  it("computes once, and then takes everything from the store", async () => {
    const folder = project({ "tiny.mtt": tiny });
    const first = await json(folder);
    expect(last(first)).toMatchObject({ event: "run.finished", status: "done" });
    expect(trained(first)).toEqual([1, 2, 3]);
    for (const event of first.filter((line) => line.event === "step.progress"))
      expect(typeof event.step).toBe("string");
    const second = await json(folder);
    expect(Object.values(last(second).steps!).map(({ status }) => status)).toEqual(
      Object.keys(last(second).steps!).map(() => "cached"),
    );
    expect(parameters(second)).toBe(parameters(first));
  });

  it("trains only the epochs that a longer training adds, to the bytes of one unbroken", async () => {
    const folder = project({ "tiny.mtt": tiny });
    await json(folder);
    const longer = await json(folder, "--set", "epochs=5");
    expect(trained(longer)).toEqual([4, 5]);
    const unbroken = await json(project({ "tiny.mtt": tiny }), "--set", "epochs=5");
    expect(trained(unbroken)).toEqual([1, 2, 3, 4, 5]);
    expect(parameters(longer)).toBe(parameters(unbroken));
  });

  it("goes on after SIGKILL to the bytes of a run never stopped", async () => {
    const long = ["--set", "epochs=60"];
    const whole = parameters(await json(project({ "tiny.mtt": tiny }), ...long));
    expect(whole).toMatch(/^[0-9a-f]{64}$/);
    let kills = 0;
    for (const epoch of [2, 11, 37]) {
      const folder = project({ "tiny.mtt": tiny });
      const running = start(program, folder, ["run", "tiny.mtt", "--format", "json", ...long]);
      await running.saw(`"epoch":${epoch},`);
      process.kill(running.pid, "SIGKILL");
      const ended = await running.ended;
      // A run that had finished was not killed in the middle.
      if (ended.signal !== "SIGKILL" || ended.out.includes("run.finished")) continue;
      kills++;
      const again = await json(folder, ...long);
      expect(last(again).status).toBe("done");
      expect(parameters(again)).toBe(whole);
      expect(trained(again)[0]).toBeGreaterThan(1);
    }
    expect(kills).toBeGreaterThan(0);
  });

  it("names a damaged checkpoint, and goes on from the one before it", async () => {
    const folder = project({ "tiny.mtt": tiny });
    await json(folder);
    const results = join(folder, ".mtt/results");
    const kept = readdirSync(results)
      .flatMap((key) => readdirSync(join(results, key)).map((name) => join(results, key, name)))
      .filter((file) => file.endsWith("at-3.json"));
    expect(kept.length).toBe(1);
    writeFileSync(kept[0]!, readFileSync(kept[0]!, "utf8").slice(0, 100));
    const { code, err, out } = await run(folder, "--set", "epochs=4", "--format", "json");
    expect(code).toBe(0);
    expect(`${err}${out}`).toContain("damaged");
    expect(trained(lines(out))).toEqual([3, 4]);
  });

  it("ends with 1 where an assertion does not hold, with 130 and a word on how to go on where it is interrupted", async () => {
    const folder = project({ "tiny.mtt": tiny.replace(">= 0.2", ">= 0.9999") });
    const failed = await run(folder);
    expect(failed.code).toBe(1);
    expect(failed.err).toContain("MTT5401");
    const running = start(program, folder, ["run", "tiny.mtt", "--format", "json", "--set", "epochs=400"]);
    await running.saw('"epoch":5,');
    process.kill(running.pid, "SIGINT");
    const stopped = await running.ended;
    expect(stopped.code).toBe(130);
    expect(last(lines(stopped.out))).toMatchObject({ event: "run.finished", status: "interrupted" });
  });
});
