import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { Checkpoint, Command, Kept } from "../plan/algorithm.ts";
import type { Json } from "../plan/json.ts";
import type { Step } from "../plan/plan.ts";
import { SEMANTICS } from "../plan/preimage.ts";
import { hashJson } from "../store/hash.ts";
import { Store, type StoredResult, type StoreError } from "../store/store.ts";
import { type Events, emit, type Figures } from "./events.ts";
import { type Computed, isFigures, type Label, loadComputed, type Outcome, storeComputed } from "./outcome.ts";
import type { Setting } from "./setting.ts";

export type Part = Pick<Extract<Command, { readonly do: "part" }>, "name" | "of" | "reads" | "trail" | "shared">;

/** Figures of a part that people should see in the events; the rest of a checkpoint is for its algorithm. */
export type PartFigures = (state: Checkpoint) => Figures;

/**
 * Parts of a step's result that other steps need too: taken from the store, or computed under a lock and stored, with `step.started`, `step.finished`
 * and `step.cached` for `blame/curvature`. A part that was stopped in the middle goes on from its last checkpoint.
 */
export const partsOf = (
  step: Step,
  inputs: readonly Pick<Outcome, "content">[],
  { backend }: Pick<Setting, "backend">,
  shown: PartFigures = () => ({}),
) => {
  /** Seconds of parts that are computed at once. */
  const spent = new WeakMap<object, number>();
  return Effect.fnUntraced(function* <F, S>(
    part: Part,
    compute: (
      from: Kept | undefined,
      checkpoint: (at: number, state: Checkpoint) => Effect.Effect<void, StoreError, Store | Events>,
    ) => Effect.Effect<Checkpoint, F, S>,
  ): Effect.fn.Return<Checkpoint, F | StoreError, S | Store | Events> {
    const store = yield* Store;
    const name = `${step.id}/${part.name}`;
    const contents = part.reads.map((at) => inputs[at]!.content);
    const labelFor = (of: Json): Label => {
      const image: Json = { semantics: SEMANTICS, engine: backend.identity, part: of, inputs: contents };
      return { key: hashJson(image), kind: "part", name, preimage: image };
    };
    const label = labelFor(part.of);
    const trail = part.trail === undefined ? label : labelFor({ trail: part.trail });
    const tell = (event: "step.finished" | "step.cached", { seconds }: StoredResult, state: Checkpoint) =>
      emit({ event, step: name, kind: "part", key: label.key, seconds, result: shown(state) });

    const find = Effect.gen(function* () {
      const found = yield* store.getResult(label.key);
      if (Option.isNone(found)) return Option.none<Checkpoint>();
      const loaded = yield* loadComputed(found.value);
      if (Option.isNone(loaded)) return Option.none<Checkpoint>();
      const state = toCheckpoint(loaded.value);
      yield* tell("step.cached", found.value, state);
      return Option.some(state);
    });

    const last = Effect.gen(function* () {
      for (const at of (yield* store.kept(trail.key)).toReversed()) {
        const stored = yield* store.getResult(trail.key, at);
        const loaded = Option.isSome(stored) ? yield* loadComputed(stored.value) : Option.none<Computed>();
        if (Option.isSome(loaded)) return { at, state: toCheckpoint(loaded.value) } satisfies Kept;
      }
      return undefined;
    });

    const first = yield* find;
    if (Option.isSome(first)) return first.value;
    // The lock's scope ends with the part; what its algorithm opens belongs to whoever asked for the part.
    const around = yield* Effect.context<S>();
    const services = yield* Effect.context<Events>();
    return yield* Effect.scoped(
      Effect.gen(function* () {
        yield* store.lock(
          label.key,
          emit({ event: "step.waiting", step: name, kind: "part", key: label.key }).pipe(
            Effect.provideContext(services),
          ),
        );
        const second = yield* find;
        if (Option.isSome(second)) return second.value;
        yield* emit({ event: "step.started", step: name, kind: "part", key: label.key });
        const start = performance.now();
        const state = yield* Effect.provide(
          compute(yield* last, (at, reached) => Effect.asVoid(storeComputed(trail, toComputed(reached), 0, at))),
          around,
        );
        const own = (performance.now() - start) / 1000;
        const { shared } = part;
        if (shared !== undefined && !spent.has(shared)) spent.set(shared, own);
        const seconds = shared === undefined ? own : spent.get(shared)! / shared.among;
        yield* tell("step.finished", yield* storeComputed(label, toComputed(state), seconds), state);
        return state;
      }),
    );
  });
};

/** All arrays of a part are one object, its figures any JSON. */
const toComputed = ({ arrays, figures }: Checkpoint): Computed => ({
  figures: { figures },
  arrays: Object.keys(arrays).length === 0 ? {} : { values: arrays },
});

const toCheckpoint = ({ arrays, figures }: Computed): Checkpoint => ({
  arrays: arrays.values ?? {},
  figures: isFigures(figures) ? (figures.figures ?? null) : null,
});
