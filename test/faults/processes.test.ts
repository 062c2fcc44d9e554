import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench } from "./faults.ts";
import { contentsOf, differences } from "./store.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await Bench.open();
}, 120_000);
afterAll(() => bench[Symbol.dispose]());

const unlike = (store: string) => differences(bench.expected, contentsOf(bench.store(store)));
const whole = async (store: string) => {
  expect(unlike(store)).toEqual([]);
  const { damaged, missing } = await bench.verify(store);
  expect([...damaged, ...missing]).toEqual([]);
};

describe("a crash in native code", () => {
  it.each(["SIGSEGV", "SIGABRT"] as const)(
    "%s, again and again on one store: the bytes of an undisturbed run",
    async (signal) => {
      const store = `crashed-${signal}`;
      for (const at of [3, 9, 14]) {
        const crashed = await bench.run(store, { fault: { operation: "write", at, when: "middle", signal } });
        expect(crashed.signal).toBe(signal);
        expect((await bench.verify(store)).damaged).toEqual([]);
      }
      expect((await bench.run(store)).code).toBe(0);
      await whole(store);
    },
    120_000,
  );
});

describe("a clock", () => {
  /** Every look at the clock is an hour before the one before, or the clock stands a year back or ahead. */
  const clocks = {
    "that goes back": "let back = 0; const now = Date.now; Date.now = () => now() - 3600e3 * back++;",
    "a year back": "const now = Date.now; Date.now = () => now() - 365 * 864e5;",
    "a year ahead": "const now = Date.now; Date.now = () => now() + 365 * 864e5;",
  };
  const folder = mkdtempSync(join(tmpdir(), "mtt-clock-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(Object.keys(clocks) as (keyof typeof clocks)[])(
    "%s changes no byte, and no time is negative",
    async (clock) => {
      const hook = join(folder, `${clock.replaceAll(" ", "-")}.cjs`);
      writeFileSync(hook, clocks[clock]);
      const store = `clock-${clock.replaceAll(" ", "-")}`;
      const killed = await bench.run(store, { fault: { operation: "rename", at: 9, when: "before" } });
      expect(killed.signal).toBe("SIGKILL");
      const { code, stdout } = await bench.run(store, { env: { NODE_OPTIONS: `--require ${hook}` } });
      expect(code).toBe(0);
      expect(stdout).not.toMatch(/"\w*seconds":-/);
      await whole(store);
      // With the clock as it was: all is found.
      const again = await bench.run(store);
      expect(again.stdout).not.toContain('"status":"ran"');
    },
    120_000,
  );
});

describe("runs at once on one store", () => {
  it.each([2, 8])(
    "%i share the work: each step is computed once, and the end is that of one",
    async (count) => {
      const store = `shared-${count}`;
      const runs = await Promise.all(Array.from({ length: count }, () => bench.run(store)));
      expect(runs.map(({ code }) => code)).toEqual(Array.from({ length: count }, () => 0));
      // Whole lines of JSON, whoever waited.
      const steps = runs.map(({ stdout }) => {
        const lines = stdout
          .trimEnd()
          .split("\n")
          .map((line): { event: string; steps?: Record<string, { status: string }> } => JSON.parse(line));
        return lines.at(-1)!.steps!;
      });
      for (const step of ["model", "on_test", "blame", "traced"])
        expect(steps.filter((of) => of[step]!.status === "ran").length, step).toBe(1);
      await whole(store);
      expect(readdirSync(join(bench.store(store), "locks"))).toEqual([]);
      expect(readdirSync(join(bench.store(store), "tmp"))).toEqual([]);
    },
    240_000,
  );

  it.each([
    ["as they are", undefined],
    ["torn", '{"pid":12,"ho'],
    ["empty", ""],
  ])(
    "take over the locks that a killed one left, %s",
    async (how, text) => {
      const store = `stale-${how.replaceAll(" ", "-")}`;
      const killed = await bench.run(store, { fault: { operation: "write", at: 12, when: "after" } });
      expect(killed.signal).toBe("SIGKILL");
      const locks = join(bench.store(store), "locks");
      expect(readdirSync(locks).length).toBeGreaterThan(0);
      if (text !== undefined) for (const name of readdirSync(locks)) writeFileSync(join(locks, name), text);
      expect((await bench.run(store)).code).toBe(0);
      await whole(store);
      expect(readdirSync(locks)).toEqual([]);
    },
    120_000,
  );
});
