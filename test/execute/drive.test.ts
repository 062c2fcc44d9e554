import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { expect, it } from "vitest";
import { reference } from "../../src/backend/reference.ts";
import { drive, type World } from "../../src/execute/drive.ts";
import type { Algorithm } from "../../src/plan/algorithm.ts";

const PIECES = 400;

it("lets signals and timers be heard between pieces of work that take long", async () => {
  let done = 0;
  function* working(): Algorithm<void> {
    for (; done < PIECES; done++) {
      const until = performance.now() + 2;
      while (performance.now() < until);
      yield { do: "progress", figures: {} };
    }
  }
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 1);
  const nothing = () => Effect.void;
  const world: World<never, never> = {
    backend: reference,
    precision: "f64",
    data: [],
    checkpoint: nothing,
    progress: nothing,
    warn: nothing,
    phase: nothing,
    part: () => Effect.die("it asks for no part"),
    block: nothing,
  };
  const exit = await Effect.runPromiseExit(drive(working(), world), { signal: stop.signal });
  expect(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)).toBe(true);
  expect(done).toBeGreaterThan(0);
  // Effect's scheduler by itself looks up after thousands of operations, which is hundreds of pieces.
  expect(done).toBeLessThan(PIECES / 4);
});
