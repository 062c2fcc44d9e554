import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderOf, mtt, removeFolders, small } from "./mtt.ts";

afterAll(removeFolders);

describe("the history of runs", () => {
  const cwd = folderOf({ "p.mtt": small, "wrong.mtt": `${small}assert on_test.accuracy > 2\n` });
  const run = (...args: readonly string[]) => mtt(["run", "p.mtt", "--quiet", ...args], { cwd });
  const runs = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await mtt(["runs", ...args], { cwd });
    expect([code, stderr]).toEqual([0, ""]);
    return stdout;
  };
  const ids = async () =>
    (await runs("list", "--format", "json"))
      .trimEnd()
      .split("\n")
      .map((line): { readonly id: string } => JSON.parse(line))
      .map(({ id }) => id);

  beforeAll(async () => {
    expect((await run()).code).toBe(0);
    expect((await run("--set", "rate=0.02")).code).toBe(0);
    expect((await mtt(["run", "wrong.mtt", "--quiet"], { cwd })).code).toBe(1);
    let killed = false;
    await mtt(["run", "p.mtt", "--set", "epochs=500", "--format", "json"], {
      cwd,
      watch: (process, stdout) => {
        if (killed || !stdout.includes("step.progress")) return;
        killed = true;
        process.kill("SIGKILL");
      },
    });
    expect(killed).toBe(true);
  }, 60_000);

  it("lists how each went, the killed one too", async () => {
    const [head, ...rows] = (await runs("list")).trimEnd().split("\n");
    expect(head).toMatch(/^run +file +started \(UTC\) +status +took +ran +cached +figures$/);
    expect(rows.map((row) => /(?:done|failed|killed).*/.exec(row)?.[0].split(/ {2,}/).slice(0, 4))).toEqual([
      ["done", expect.stringMatching(/ s$/), "6", "0"],
      ["done", expect.stringMatching(/ s$/), "4", "2"],
      ["failed", expect.stringMatching(/ s$/), "0", "6"],
      ["killed", "0", "0"],
    ]);
  });

  it("shows one by a part of its id", async () => {
    const [, second = ""] = await ids();
    const shown = await runs("show", second.slice(-11));
    expect(shown).toContain(`${second}  done`);
    expect(shown).toContain("params   rate=0.02");
    expect(shown).toMatch(/\nmodel +train +ran .*epochs 3, /);
  });

  it("compares params, figures, and what entered the keys", async () => {
    const [first = "", second = ""] = await ids();
    const text = await runs("compare", first, second);
    expect(text).toMatch(/\nrate +- +0\.02\n/);
    expect(text).toMatch(/\non_test\.accuracy +0\.\d+ +0\.\d+\n/);
    expect(text).toContain("model: another key\n  step.of.optimizer.rate.rate: 0.01 -> 0.02\n");
    expect(text).toContain("on_test: another key\n  what it reads came out otherwise\n");
    expect(await runs("compare", first, first)).toBe(`${first} and ${first}: the same params, figures and keys\n`);
  });

  it("says of a run that was killed why it has no figures", async () => {
    for (const args of [["show"], ["compare"], ["compare", "last", "last"]]) {
      const { code, stderr } = await mtt(["runs", ...args], { cwd });
      expect([code, stderr.match(/note: \S+ was killed, so that it has no figures here/g)?.length]).toEqual([0, 1]);
    }
  });

  it("lists what is stored with the latest last", async () => {
    const { stdout } = await mtt(["cache", "ls"], { cwd });
    const times = stdout.split("\n").flatMap((line) => /\d{4}-\d\d-\d\dT[\d:]+/.exec(line)?.[0] ?? []);
    expect(times.length).toBeGreaterThan(5);
    expect(times).toEqual(times.toSorted());
  });

  it("refuses a name that no run has, or more than one", async () => {
    const missing = await mtt(["runs", "show", "yesterday"], { cwd });
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining("no run is called `yesterday`")]);
    const many = await mtt(["runs", "show", "20"], { cwd });
    expect([many.code, many.stderr]).toEqual([2, expect.stringContaining("is part of 4 runs")]);
    const far = await mtt(["runs", "show", "last~9"], { cwd });
    expect(far.code).toBe(2);
  });

  it("keeps the last run's results from the collector, and lets the others go with the time", async () => {
    const long = Date.now() / 1000 - 90 * 86_400;
    for (const folder of ["results", "objects"]) {
      for (const name of readdirSync(join(cwd, ".mtt", folder), { recursive: true, encoding: "utf8" })) {
        utimesSync(join(cwd, ".mtt", folder, name), long, long);
      }
    }
    // wrong.mtt's last run is the first run's results; the second run's four go, and what the killed one had kept.
    const { code, stdout } = await mtt(["cache", "gc"], { cwd });
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^removed \d+ results and \d+ objects/)]);
    expect((await mtt(["run", "wrong.mtt"], { cwd })).stderr).not.toContain("✓");
    expect((await mtt(["cache", "verify"], { cwd })).code).toBe(0);
    const again = await mtt(["cache", "ls"], { cwd });
    expect(again.stdout).not.toContain("epochs 500");
  });

  it("says which size and age it takes", async () => {
    for (const [flag, value] of [
      ["--max-size", "5"],
      ["--max-age", "soon"],
    ] as const) {
      const { code, stderr } = await mtt(["cache", "gc", flag, value], { cwd });
      expect([code, stderr]).toEqual([2, expect.stringContaining(`${flag}: \`${value}\` is no`)]);
    }
  });
});
