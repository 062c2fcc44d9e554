import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { Json } from "../plan/json.ts";
import type { Step } from "../plan/plan.ts";
import { preimage } from "../plan/preimage.ts";
import { hashJson } from "../store/hash.ts";
import { Store, type StoredResult } from "../store/store.ts";
import { emit } from "./events.ts";
import { type Failing, stepFailure } from "./failure.ts";
import {
  type Arrays,
  type Computed,
  contentOf,
  filesOf,
  isFigures,
  type Label,
  loadComputed,
  type Outcome,
  storeComputed,
} from "./outcome.ts";
import type { Setting } from "./setting.ts";

/**
 * The key's preimage: what the step is, what it reads, and the engine where one computes it. A training's length is beside them, so that without it
 * (`prefix`) the epochs of trainings of all lengths are kept together.
 */
export const labelOf = (
  step: Step,
  inputs: readonly Pick<Outcome, "content">[],
  { backend }: Setting,
  prefix?: "prefix",
): Label => {
  const { body } = step;
  const engine = body.kind === "assert" ? {} : { engine: backend.identity };
  const length: Json = body.kind === "train" && prefix === undefined ? { length: body.training.length ?? null } : {};
  const image: Json = {
    ...engine,
    ...length,
    step: preimage(body),
    inputs: inputs.map(({ content }) => content),
  };
  return { key: hashJson(image), kind: body.kind, name: step.id, preimage: image };
};

export const outcomeOf = <E extends Failing, R>(
  result: StoredResult,
  status: Outcome["status"],
  load: (result: StoredResult) => Effect.Effect<Computed, E, R>,
) =>
  Effect.gen(function* () {
    const services = yield* Effect.context<R>();
    const groups = yield* Effect.cached(load(result).pipe(Effect.mapError(stepFailure), Effect.provide(services)));
    const outcome: Outcome = {
      key: result.key,
      status,
      seconds: result.seconds,
      figures: isFigures(result.figures) ? result.figures : {},
      content: contentOf(result),
      arrays: (group: string) => Effect.map(groups, ({ arrays }): Arrays => arrays[group] ?? {}),
      files: filesOf(result),
    };
    return outcome;
  });

/**
 * The step's result from the store, or computed and stored under its lock, so that two runs share the work.
 * Arrays are read only when asked for; where they turn out damaged, the step is computed again to the same content.
 */
export const keyed = <E extends Failing, R>(label: Label, compute: Effect.Effect<Computed, E, R>) =>
  Effect.gen(function* () {
    const store = yield* Store;

    const computeAndStore = Effect.gen(function* () {
      yield* emit({ event: "step.started", step: label.name, kind: label.kind, key: label.key });
      const start = yield* Clock.currentTimeMillis;
      const computed = yield* compute;
      const seconds = ((yield* Clock.currentTimeMillis) - start) / 1000;
      return { computed, result: yield* storeComputed(label, computed, seconds) };
    });

    const load = (result: StoredResult) =>
      Effect.flatMap(
        loadComputed(result),
        Option.match({
          onSome: Effect.succeed,
          onNone: () => Effect.map(computeAndStore, ({ computed }) => computed),
        }),
      );

    const find = Effect.gen(function* () {
      const found = yield* store.getResult(label.key);
      if (Option.isNone(found)) return Option.none();
      // A file that was found damaged is gone: the step is computed again.
      for (const object of Object.values(filesOf(found.value)))
        if (Option.isNone(yield* store.readObject(object, 0, 0))) return Option.none();
      yield* finished("step.cached", found.value);
      return Option.some(yield* outcomeOf(found.value, "cached", load));
    });

    const first = yield* find;
    if (Option.isSome(first)) return first.value;
    return yield* Effect.scoped(
      Effect.gen(function* () {
        yield* store.lock(label.key, emitWaiting(label));
        // Another run may have computed it meanwhile.
        const second = yield* find;
        if (Option.isSome(second)) return second.value;
        const { computed, result } = yield* computeAndStore;
        yield* finished("step.finished", result);
        return yield* outcomeOf(result, "ran", () => Effect.succeed(computed));
      }),
    );
  });

const emitWaiting = (label: Label) => Effect.logInfo(`another run is computing ${label.name}; waiting for its result`);

const finished = (event: "step.finished" | "step.cached", result: StoredResult) =>
  emit({
    event,
    step: result.name,
    kind: result.kind,
    key: result.key,
    seconds: result.seconds,
    result: isFigures(result.figures) ? result.figures : {},
  });
