import { readFileSync, writeFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import type { Phase } from "../plan/algorithm.ts";
import type { Figures } from "./events.ts";

/**
 * What a computation takes from here on: the seconds of each of its phases, and the bytes that this process holds at most. Linux forgets its mark of memory
 * on request; elsewhere, and where it may not be asked, the mark is of the process's whole life.
 */
export const measuring = Effect.gen(function* () {
  yield* Effect.ignore(Effect.try(() => writeFileSync("/proc/self/clear_refs", "5")));
  const seconds: Partial<Record<Phase, number>> = {};
  let now: { readonly name: Phase; readonly since: number } | undefined;
  const turn = (name: Phase | undefined) =>
    Effect.sync(() => {
      const time = performance.now();
      if (now !== undefined) seconds[now.name] = (seconds[now.name] ?? 0) + (time - now.since) / 1000;
      now = name === undefined ? undefined : { name, since: time };
    });
  return {
    phase: turn,
    read: Effect.map(
      turn(undefined),
      (): Figures => ({
        ...Object.fromEntries(Object.entries(seconds).map(([name, value]) => [`${name}_seconds`, value])),
        peak_memory: peakMemory(),
      }),
    ),
  };
});

const peakMemory = (): number => {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    if (kilobytes !== undefined) return 1024 * Number(kilobytes);
  } catch {
    // Not Linux.
  }
  return 1024 * process.resourceUsage().maxRSS;
};
