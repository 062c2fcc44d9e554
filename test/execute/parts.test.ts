import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Layer from "effect/Layer";
import { describe, expect, it } from "vitest";
import { reference } from "../../src/backend/reference.ts";
import { Events, type RunEvent } from "../../src/execute/events.ts";
import { partsOf } from "../../src/execute/parts.ts";
import type { Checkpoint, Kept } from "../../src/plan/algorithm.ts";
import type { Step } from "../../src/plan/plan.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { layerMemory } from "../../src/store/memory.ts";

const step = (id: string): Step => ({
  id,
  declared: true,
  body: { kind: "group", order: 1 },
  inputs: [],
  span: { file: "p.mtt", start: 0, end: 1 },
});
const state = (value: number): Checkpoint => ({
  arrays: { "a/b": tensor("f64", [1], [value]), c: tensor("i32", [2], [1, 2]) },
  figures: [value],
});

/** Notes where a part went on from. */
const noting = (seen: (Kept | undefined)[], from: Kept | undefined, reached: Checkpoint): Checkpoint => {
  seen.push(from);
  return reached;
};

/** One store for all of `use`; tells the events that happened. */
const within = async (use: (part: ReturnType<typeof asking>) => Effect.Effect<void, unknown, never>) => {
  const events: RunEvent[] = [];
  const services = Layer.merge(
    layerMemory,
    Layer.succeed(Events, { emit: (event) => Effect.sync(() => void events.push(event)) }),
  );
  const context = await Effect.runPromise(Effect.scoped(Layer.build(services)));
  await Effect.runPromise(use(asking((effect) => Effect.provide(effect, context))));
  return events.flatMap((e) => ("kind" in e ? [`${e.event} ${"step" in e ? e.step : ""}`] : []));
};

type Inside = <A, E>(effect: Effect.Effect<A, E, Layer.Success<typeof layerMemory> | Events>) => Effect.Effect<A, E>;

const asking =
  (inside: Inside) =>
  (
    id: string,
    of: string,
    compute: (
      from: Kept | undefined,
      keep: (at: number, reached: Checkpoint) => Effect.Effect<void>,
    ) => Effect.Effect<Checkpoint, string>,
    { contents = ["model", "data"], trail }: { contents?: readonly string[]; trail?: string } = {},
  ) =>
    inside(
      partsOf(
        step(id),
        contents.map((content) => ({ content })),
        { backend: reference },
      )({ name: "solve", of, reads: [0], ...(trail === undefined ? {} : { trail }) }, (from, keep) =>
        compute(from, (at, reached) => Effect.orDie(inside(keep(at, reached)))),
      ),
    );

describe("parts of results", () => {
  it("are computed once, whichever step asks and whatever its other inputs are", async () => {
    const said = await within((part) =>
      Effect.gen(function* () {
        const first = yield* part("blame", "x", () => Effect.succeed(state(3)));
        const second = yield* part("more", "x", () => Effect.die("known already"), { contents: ["model", "other"] });
        expect(second).toEqual(first);
        expect(second).toEqual(state(3));
        expect(yield* part("more", "x", () => Effect.succeed(state(4)), { contents: ["another"] })).toEqual(state(4));
      }),
    );
    expect(said).toEqual([
      "step.started blame/solve",
      "step.finished blame/solve",
      "step.cached more/solve",
      "step.started more/solve",
      "step.finished more/solve",
    ]);
  });

  it("go on from the last checkpoint after a run that was stopped", async () => {
    await within((part) =>
      Effect.gen(function* () {
        const stopped = yield* Effect.exit(
          part("blame", "x", (from, keep) =>
            Effect.gen(function* () {
              expect(from).toBeUndefined();
              yield* keep(1, state(1));
              yield* keep(2, state(2));
              return yield* Effect.fail("killed");
            }),
          ),
        );
        expect(Exit.isFailure(stopped)).toBe(true);
        const seen: (Kept | undefined)[] = [];
        yield* part("blame", "x", (from) => Effect.sync(() => noting(seen, from, state(5))));
        expect(seen).toEqual([{ at: 2, state: state(2) }]);
      }),
    );
  });

  it("that lie on one way share its checkpoints", async () => {
    await within((part) =>
      Effect.gen(function* () {
        yield* part("a", "1e-3", (_, keep) => Effect.as(keep(7, state(7)), state(8)), { trail: "way" });
        const seen: (Kept | undefined)[] = [];
        yield* part("b", "1e-6", (from) => Effect.sync(() => noting(seen, from, state(9))), { trail: "way" });
        expect(seen).toEqual([{ at: 7, state: state(7) }]);
      }),
    );
  });
});
