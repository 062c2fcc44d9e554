import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Fiber from "effect/Fiber";
import { describe, expect, it } from "vitest";
import type { Backend, BackendSession } from "../../src/backend/backend.ts";
import { handles, tensorflow } from "../../src/backend/tensorflow.ts";
import { drive } from "../../src/execute/drive.ts";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { contract } from "../../src/ir/operations.ts";
import { type Algorithm, open, type Run, sumsOf } from "../../src/plan/algorithm.ts";
import type { Tensor } from "../../src/shape/tensor.ts";
import { tensor } from "../../src/shape/tensor.ts";

const SIDE = 200;

/** x -> x w x w … x, so many products: a run that takes a while. */
const powers = (count: number, side = SIDE) => {
  const b = new GraphBuilder();
  const w = b.input("w", { dtype: "f32", shape: [side, side] });
  let x = b.input("x", { dtype: "f32", shape: [side, side] });
  for (let i = 0; i < count; i++) x = contract(b, x, w, [1], [0]);
  return b.build([x]);
};

const matrix = (of: (i: number) => number, side = SIDE): Tensor =>
  tensor(
    "f32",
    [side, side],
    Float32Array.from({ length: side * side }, (_, i) => of(i)),
  );
const w = matrix((i) => Math.cos(i) / SIDE);
const x = (k: number) => matrix((i) => Math.sin(i + k));

const using = <A, E>(use: (session: BackendSession) => Effect.Effect<A, E>, count = 3): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(tensorflow({ threads: 2 }).open({ graph: powers(count), resident: 1, updated: 0 }, [w]), use),
    ),
  );

describe("runs side by side", () => {
  it("are as many as the engine has threads, and answer what each alone answers, in equal bits however many are under way", async () => {
    await using(({ beside, run }) =>
      Effect.gen(function* () {
        expect(beside!.lanes).toBe(2);
        const one: (readonly Tensor[])[] = [];
        for (let k = 0; k < 12; k++) one.push(yield* beside!.run([x(k)]));
        const together = yield* Effect.forEach(Array.from({ length: 12 }).keys(), (k) => beside!.run([x(k)]), {
          concurrency: "unbounded",
        });
        expect(together).toEqual(one);
        const [wanted] = evaluate(powers(3), [w, x(5)]);
        for (const [answer] of [one[5]!, yield* run([x(5)])])
          answer!.data.forEach((value, i) => {
            expect(value).toBeCloseTo(wanted!.data[i]!, 6);
          });
      }),
    );
  });

  it("write into spent arrays that fit, and into no others", async () => {
    await using(({ beside }) =>
      Effect.gen(function* () {
        const [first] = yield* beside!.run([x(0)]);
        const kept = first!.data.slice();
        const [again] = yield* beside!.run([x(1)], [first!]);
        expect(again!.data).toBe(first!.data);
        expect(again!.data).not.toEqual(kept);
        const [other] = yield* beside!.run([x(0)], [tensor("f32", [2], [1, 2])]);
        expect(other!.data).toEqual(kept);
      }),
    );
  });

  it("add up their answers in the order of their turns, whichever ends first, over sessions of one program", async () => {
    const wide = (count: number) =>
      tensorflow({ threads: 2 }).open({ graph: powers(count), resident: 1, updated: 0 }, [w]);
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          // Large and small terms, so that another order has other bits; the earlier turns take longer.
          const sessions = [yield* wide(60), yield* wide(2)];
          const scaled = (k: number) => matrix((i) => Math.sin(i + k) * 10 ** ((k * 7) % 12));
          const turns = Array.from({ length: 16 }, (_, k) => ({ beside: sessions[k % 3 === 0 ? 0 : 1]!.beside!, k }));
          const sums = yield* sessions[0]!.beside!.adding!.begin;
          // Asked for in another order as well.
          yield* Effect.forEach(turns.toReversed(), ({ beside, k }) => beside.adding!.run([scaled(k)], sums, k), {
            concurrency: "unbounded",
            discard: true,
          });
          const wanted = new Float64Array(SIDE * SIDE);
          for (const { beside, k } of turns) {
            const [answer] = yield* beside.run([scaled(k)]);
            answer!.data.forEach((value, i) => {
              wanted[i]! += value;
            });
          }
          expect(sums.values).toEqual([{ dtype: "f64", shape: [SIDE, SIDE], data: wanted }]);
        }),
      ),
    );
  });

  it("add nothing of a run that fails, nor of those after it", async () => {
    await using(({ beside }) =>
      Effect.gen(function* () {
        const sums = yield* beside!.adding!.begin;
        const wrong = tensor("f32", [SIDE, 3], new Float32Array(3 * SIDE));
        yield* beside!.adding!.run([x(0)], sums, 0);
        const [sum] = sums.values;
        const before = sum!.data.slice();
        const bad = yield* Effect.flip(beside!.adding!.run([wrong], sums, 1));
        expect(bad).toMatchObject({ _tag: "BackendError" });
        yield* beside!.adding!.run([x(2)], sums, 2);
        expect(sum!.data).toEqual(before);
        yield* beside!.adding!.run([x(1)], sums, 1);
        expect(sum!.data).not.toEqual(before);
      }),
    );
  });

  it("give an algorithm the sums that the driver makes itself, bit by bit, or the failure of one of them", async () => {
    const nothing = () => Effect.void;
    const engine = tensorflow({ threads: 2 });
    // An installation of an earlier version.
    const plain: Backend = {
      ...engine,
      open: (program, resident) =>
        Effect.map(engine.open(program, resident), ({ beside, ...session }) => ({
          ...session,
          beside: { lanes: beside!.lanes, run: beside!.run },
        })),
    };
    function* sums(fed: readonly Tensor[]): Algorithm<unknown> {
      const session = yield* open({ graph: powers(3), resident: 1, updated: 0 }, [w]);
      return yield* sumsOf(
        fed.map((one): Run => ({ session, feeds: [one] })),
        () => undefined,
      );
    }
    const driven = (backend: Backend, fed: readonly Tensor[]) =>
      Effect.runPromiseExit(
        drive(sums(fed), {
          backend,
          precision: "f32",
          data: [],
          checkpoint: nothing,
          progress: nothing,
          warn: nothing,
          phase: nothing,
          block: nothing,
          part: () => Effect.die("it asks for no part"),
        }),
      );
    const all = Array.from({ length: 11 }, (_, k) => matrix((i) => Math.sin(i * (k + 1)) * 10 ** ((k * 5) % 9)));
    const added = await driven(engine, all);
    expect(Exit.isSuccess(added)).toBe(true);
    expect(added).toEqual(await driven(plain, all));
    const before = handles();
    const bad = await driven(engine, all.with(5, tensor("f32", [SIDE, 3], new Float32Array(3 * SIDE))));
    expect(String(bad)).toMatch(/MatMul|size|shape/i);
    expect(handles()).toEqual(before);
  });

  it("are added up by the engine only where all answers are f32", async () => {
    const b = new GraphBuilder();
    const c = b.input("c", { dtype: "f32", shape: [2] });
    const graph = b.build([b.apply("add", [c, c], {}), b.apply("convert", [c], { dtype: "i32" })]);
    const session = Effect.flatMap(
      tensorflow({ threads: 2 }).open({ graph, resident: 0, updated: 0 }, []),
      Effect.succeed,
    );
    const { beside } = await Effect.runPromise(Effect.scoped(session));
    expect([beside!.lanes, beside!.adding]).toEqual([2, undefined]);
  });

  it("leave JavaScript its thread", async () => {
    await using(
      ({ beside }) =>
        Effect.gen(function* () {
          const fiber = yield* Effect.forkChild(beside!.run([x(0)]), { startImmediately: true });
          let turns = 0;
          while (fiber.pollUnsafe() === undefined) {
            turns++;
            yield* Effect.sleep(1);
          }
          yield* Fiber.join(fiber);
          expect(turns).toBeGreaterThan(3);
        }),
      300,
    );
  });

  it("fail with the engine's words, and those beside them do not", async () => {
    await using(({ beside }) =>
      Effect.gen(function* () {
        const wrong = tensor("f32", [SIDE, 3], new Float32Array(3 * SIDE));
        const [bad, good] = yield* Effect.all([Effect.flip(beside!.run([wrong])), beside!.run([x(1)])], {
          concurrency: "unbounded",
        });
        expect(bad).toMatchObject({ _tag: "BackendError", message: expect.stringMatching(/MatMul|size|shape/i) });
        expect(good[0]!.shape).toEqual([SIDE, SIDE]);
      }),
    );
  });

  it("end before their session is freed, also when they are interrupted", async () => {
    const before = handles();
    const exit = await Effect.runPromiseExit(
      Effect.scoped(
        Effect.gen(function* () {
          const session = yield* tensorflow().open({ graph: powers(200), resident: 1, updated: 0 }, [w]);
          const runs = Effect.forEach([0, 1, 2, 3], (k) => session.beside!.run([x(k)]), { concurrency: "unbounded" });
          return yield* Effect.timeout(runs, 5);
        }),
      ),
    );
    expect(Exit.isFailure(exit)).toBe(true);
    expect(handles()).toEqual(before);
  });

  it("are not offered for a program that updates what it keeps", async () => {
    const b = new GraphBuilder();
    const c = b.input("c", { dtype: "f32", shape: [] });
    const graph = b.build([b.apply("add", [c, c], {})]);
    const session = Effect.flatMap(
      tensorflow().open({ graph, resident: 1, updated: 1 }, [tensor("f32", [], [1])]),
      Effect.succeed,
    );
    expect((await Effect.runPromise(Effect.scoped(session))).beside).toBeUndefined();
  });

  it("do not keep a process that exits in their midst, nor crash it", () => {
    const at = (path: string) => JSON.stringify(fileURLToPath(new URL(`../../src/${path}`, import.meta.url)));
    const program = `
      import * as Effect from "effect/Effect";
      import { tensorflow } from ${at("backend/tensorflow.ts")};
      import { GraphBuilder } from ${at("ir/builder.ts")};
      import { contract } from ${at("ir/operations.ts")};
      const type = { dtype: "f32", shape: [400, 400] };
      const b = new GraphBuilder();
      let x = b.input("x", type);
      for (let i = 0; i < 100; i++) x = contract(b, x, x, [1], [0]);
      const value = { ...type, data: new Float32Array(160000) };
      const session = await Effect.runPromise(Effect.provideService(
        tensorflow({ threads: 2 }).open({ graph: b.build([x]), resident: 0, updated: 0 }, []),
        (await import("effect/Scope")).Scope, (await import("effect/Scope")).makeUnsafe()));
      for (let i = 0; i < 8; i++) Effect.runFork(session.beside.run([value]));
      setTimeout(() => { console.log("exits"); process.exit(3); }, 30);`;
    const run = () =>
      execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
        cwd: fileURLToPath(new URL("../..", import.meta.url)),
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
      });
    expect(run).toThrowError(expect.objectContaining({ status: 3, stdout: "exits\n", stderr: "" }));
  });
});

it("each lane keeps to its processor where there is one for each", async () => {
  await using(({ beside }) => beside!.run([x(0)]));
  const places = readdirSync("/proc/self/task").map(
    (id) => readFileSync(`/proc/self/task/${id}/status`, "utf8").match(/Cpus_allowed_list:\s*(\S+)/)![1]!,
  );
  // Two workers and two lanes; all others may go wherever this thread may.
  const [all] = places;
  expect(places.filter((list) => list !== all)).toHaveLength(availableParallelism() === 2 ? 4 : 0);
});
