import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { reference } from "../../src/backend/reference.ts";
import { drive, type World } from "../../src/execute/drive.ts";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { type Algorithm, AlgorithmFailure, open, type Run, runs, sumsOf } from "../../src/plan/algorithm.ts";
import { addAnswers, emptySum } from "../../src/plan/sums.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";

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
  const exit = await Effect.runPromiseExit(drive(working(), world), { signal: stop.signal });
  expect(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)).toBe(true);
  expect(done).toBeGreaterThan(0);
  // Effect's scheduler by itself looks up after thousands of operations, which is hundreds of pieces.
  expect(done).toBeLessThan(PIECES / 4);
});

describe("runs that do not depend on each other", () => {
  const scalar = (value: number) => tensor("f64", [], [value]);
  const square = (() => {
    const b = new GraphBuilder();
    const x = b.input("x", { dtype: "f64", shape: [] });
    return b.build([b.apply("multiply", [x, x], {})]);
  })();

  /** The reference in lanes, whose runs take as long as they are told to, and write into what is spent. */
  const inLanes = (lanes: number, milliseconds: (x: number) => number) => {
    const saw = { under: 0, most: 0, alone: 0, beside: 0, arrays: new Set<Tensor["data"]>() };
    const backend: Backend = {
      ...reference,
      open: (program, resident) =>
        Effect.map(reference.open(program, resident), (session) => ({
          ...session,
          run: (feeds) => Effect.tap(session.run(feeds), () => Effect.sync(() => saw.alone++)),
          beside: {
            lanes,
            run: (feeds, [spent] = []) =>
              Effect.gen(function* () {
                saw.beside++;
                saw.most = Math.max(saw.most, ++saw.under);
                const [answer] = yield* session.run(feeds);
                yield* Effect.sleep(milliseconds(feeds[0]!.data[0]!));
                const into = spent ?? answer!;
                into.data.set(answer!.data);
                saw.arrays.add(into.data);
                saw.under--;
                return [into];
              }),
          },
        })),
    };
    return { backend, saw };
  };

  function* squares(
    count: number,
    taken: number[],
    slow = false,
    how: { readonly most?: number; readonly alike?: boolean } = {},
  ): Algorithm<void> {
    const session = yield* open({ graph: square, resident: 0, updated: 0 }, []);
    function* all(): Iterable<Run> {
      for (let i = 0; i < count; i++) yield { session, feeds: [scalar(i)] };
    }
    const kept = (answers: readonly Tensor[], i: number) => {
      taken.push(i, answers[0]!.data[0]!);
      return slow
        ? (function* (): Algorithm<void> {
            yield { do: "progress", figures: {} };
          })()
        : undefined;
    };
    yield* runs(all(), kept, how);
  }
  const expected = (count: number) => Array.from({ length: count }, (_, i) => [i, i * i]).flat();

  it("are taken in their order, whichever ends first, and their arrays go round", async () => {
    const { backend, saw } = inLanes(3, (x) => (x % 3 === 0 ? 12 : 1));
    const taken: number[] = [];
    await Effect.runPromise(drive(squares(20, taken, true), { ...world, backend }));
    expect(taken).toEqual(expected(20));
    // One more than lanes is ready.
    expect([saw.most, saw.beside, saw.alone]).toEqual([4, 20, 0]);
    expect(saw.arrays.size).toBeLessThanOrEqual(5);
  });

  /** Adds up as an engine may: no answers come back. */
  const adding = (backend: Backend, turns: Map<number, number>): Backend => ({
    ...backend,
    open: (program, resident) =>
      Effect.map(backend.open(program, resident), (session) => {
        const beside = session.beside!;
        const early = new Map<number, readonly Tensor[]>();
        let next = 0;
        return {
          ...session,
          beside: {
            ...beside,
            run: () => Effect.die("its answers are nobody's"),
            adding: {
              begin: Effect.sync(() => ({ values: [emptySum({ shape: [] })], turns: {} })),
              run: (feeds, { values }, turn) =>
                Effect.map(beside.run(feeds), (answers) => {
                  turns.set(turn, feeds[0]!.data[0]!);
                  early.set(turn, answers);
                  for (; early.has(next); next++) addAnswers(values, early.get(next)!);
                }),
            },
          },
        };
      }),
  });

  it("are added up in their order, by the driver or by an engine that can, and each is heard of", async () => {
    // Their sum in another order is another number.
    const terms = Array.from({ length: 20 }, (_, i) => 10 ** ((i * 7) % 12) + i / 7);
    let wanted = 0;
    for (const term of terms) wanted += term * term;
    const sumOf = (backend: Backend, how = {}) => {
      const heard: number[] = [];
      function* algorithm(): Algorithm<unknown> {
        const session = yield* open({ graph: square, resident: 0, updated: 0 }, []);
        const all = terms.map((term): Run => ({ session, feeds: [scalar(term)] }));
        const sums = yield* sumsOf(all, (i) => void heard.push(i), how);
        expect(yield* sumsOf([], () => undefined)).toEqual([]);
        return { sums, heard };
      }
      return Effect.runPromise(drive(algorithm(), { ...world, backend }));
    };
    const { backend, saw } = inLanes(3, (x) => (x > 1e6 ? 8 : 1));
    const expected = { sums: [{ dtype: "f64", shape: [], data: Float64Array.of(wanted) }], heard: [...terms.keys()] };
    expect(await sumOf(backend)).toEqual(expected);
    const turns = new Map<number, number>();
    expect(await sumOf(adding(backend, turns))).toEqual(expected);
    expect(terms.map((_, turn) => turns.get(turn))).toEqual(terms);
    expect(saw.beside).toBe(40);
    expect(await sumOf(adding(backend, turns), { most: 1 })).toEqual(expected);
    expect(await sumOf(reference)).toEqual(expected);
    expect([saw.beside, saw.alone]).toEqual([40, 20]);
  });

  it("are no more at once than the algorithm allows, and a single one is computed among others where it must be alike", async () => {
    const { backend, saw } = inLanes(3, () => 1);
    const taken: number[] = [];
    await Effect.runPromise(drive(squares(9, taken, false, { most: 2 }), { ...world, backend }));
    expect(taken).toEqual(expected(9));
    expect([saw.most, saw.beside]).toEqual([3, 9]);
    await Effect.runPromise(drive(squares(1, [], false, { alike: true }), { ...world, backend }));
    await Effect.runPromise(drive(squares(4, [], false, { most: 1, alike: true }), { ...world, backend }));
    expect([saw.alone, saw.beside]).toEqual([0, 14]);
    await Effect.runPromise(drive(squares(4, [], false, { most: 1 }), { ...world, backend }));
    expect([saw.alone, saw.beside]).toEqual([4, 14]);
  });

  it("fail as the algorithm does, where it takes and where it goes on", async () => {
    const fails = () => {
      throw new AlgorithmFailure("MTT5202", "no more", "stop");
    };
    function* failing(at: "run" | "take"): Algorithm<void> {
      const session = yield* open({ graph: square, resident: 0, updated: 0 }, []);
      function* all(): Iterable<Run> {
        yield { session, feeds: [scalar(1)] };
        yield { session, feeds: [scalar(2)] };
        if (at === "run") fails();
      }
      yield* runs(all(), () => (at === "take" ? fails() : undefined));
    }
    for (const at of ["run", "take"] as const) {
      const error = await Effect.runPromise(
        Effect.flip(drive(failing(at), { ...world, backend: inLanes(2, () => 1).backend })),
      );
      expect(error).toMatchObject({ code: "MTT5202", message: "no more" });
    }
  });

  it("have the engine for themselves where there is one, or where it has no lanes", async () => {
    for (const [count, lanes] of [
      [1, 4],
      [5, 1],
      [0, 4],
    ] as const) {
      const { backend, saw } = inLanes(lanes, () => 0);
      const taken: number[] = [];
      await Effect.runPromise(drive(squares(count, taken), { ...world, backend }));
      expect(taken).toEqual(expected(count));
      expect([saw.alone, saw.beside]).toEqual([count, 0]);
    }
    const taken: number[] = [];
    await Effect.runPromise(drive(squares(5, taken), world));
    expect(taken).toEqual(expected(5));
  });

  it("end where one fails, with what it says, and nothing of theirs is taken after it", async () => {
    const { backend } = inLanes(2, () => 1);
    const failing: Backend = {
      ...backend,
      open: (program, resident) =>
        Effect.map(backend.open(program, resident), ({ beside, ...session }) => ({
          ...session,
          beside: {
            lanes: 2,
            run: (feeds: readonly Tensor[]) => (feeds[0]!.data[0] === 3 ? Effect.die("the third") : beside!.run(feeds)),
          },
        })),
    };
    const taken: number[] = [];
    const exit = await Effect.runPromiseExit(drive(squares(9, taken), { ...world, backend: failing }));
    expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain("the third");
    expect(taken).toEqual(expected(3).slice(0, taken.length));
  });

  it("are interrupted in their midst", async () => {
    const { backend } = inLanes(2, () => 5);
    const taken: number[] = [];
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    const exit = await Effect.runPromiseExit(drive(squares(1000, taken), { ...world, backend }), {
      signal: stop.signal,
    });
    expect(Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)).toBe(true);
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.length).toBeLessThan(100);
  });
});
