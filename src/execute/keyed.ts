import type * as Context from "effect/Context";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { Json } from "../plan/json.ts";
import type { Body, Step } from "../plan/plan.ts";
import { preimage } from "../plan/preimage.ts";
import type { Training } from "../plan/training.ts";
import { hashJson } from "../store/hash.ts";
import { Store, type StoredResult, type Warning } from "../store/store.ts";
import { Events, emit, type Figures } from "./events.ts";
import { type Failing, stepFailure } from "./failure.ts";
import {
  type Arrays,
  type Computed,
  contentOf,
  costOf,
  filesOf,
  isFigures,
  type Label,
  loadComputed,
  type Outcome,
  storeComputed,
} from "./outcome.ts";
import type { Setting } from "./setting.ts";
import { Warnings } from "./warn.ts";

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
  // What no engine computes is the same with all of them.
  const engine = withoutEngine.has(body.kind) ? {} : { engine: backend.identity };
  const length: { readonly [key: string]: Json } = body.kind === "train" ? lengthJson(body.training, prefix) : {};
  const image: Json = {
    ...engine,
    ...length,
    step: preimage(body.kind === "report" ? { ...body, show: body.show.map(withoutNames) } : body),
    inputs: inputs.map(({ content }) => content),
  };
  return { key: hashJson(image), kind: body.kind, name: step.id, preimage: image };
};

const withoutEngine: ReadonlySet<Body["kind"]> = new Set(["assert", "report", "family", "best"]);

/** Trainings share their way whatever their length, but count it in epochs or in steps. */
const lengthJson = ({ length }: Training, prefix: "prefix" | undefined): { readonly [key: string]: Json } =>
  prefix === undefined
    ? { length: length ?? null }
    : { counts: length === undefined ? "iterations" : "epochs" in length ? "epochs" : "steps" };

/** A step in a report's picture is `{ input, name }`: its name is what people see, and no part of a key. */
const withoutNames = (value: Json): Json => {
  if (isList(value)) return value.map(withoutNames);
  if (typeof value !== "object" || value === null) return value;
  const isStep = "input" in value && "name" in value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => (isStep && key === "name" ? [] : [[key, withoutNames(item)]])),
  );
};

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

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
      ...costOf(result),
      ...(result.warnings === undefined ? {} : { warnings: result.warnings }),
      content: contentOf(result),
      arrays: (group: string) => Effect.map(groups, ({ arrays }): Arrays => arrays[group] ?? {}),
      files: filesOf(result),
    };
    return outcome;
  });

/**
 * The step's result from the store, or computed and stored under its lock, so that two runs share the work.
 * Arrays are read only when asked for; where they turn out damaged, the step is computed again to the same content. `named` puts into stored figures
 * the names that what the step read has in this program.
 */
export const keyed = <E extends Failing, R>(
  label: Label,
  compute: Effect.Effect<Computed, E, R>,
  named: (figures: Figures) => Figures = (figures) => figures,
) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const shown = (result: StoredResult): StoredResult =>
      isFigures(result.figures) ? { ...result, figures: named(result.figures) } : result;

    const computeAndStore = Effect.gen(function* () {
      yield* emit({ event: "step.started", step: label.name, kind: label.kind, key: label.key });
      const start = performance.now();
      const warnings: Warning[] = [];
      const computed = { ...(yield* Effect.provideService(compute, Warnings, warnings)), warnings };
      const seconds = (performance.now() - start) / 1000;
      return { computed, result: yield* storeComputed(label, computed, seconds) };
    });

    const load = (result: StoredResult) =>
      Effect.flatMap(
        loadComputed(result),
        Option.match({
          onSome: Effect.succeed,
          onNone: () =>
            Effect.gen(function* () {
              const { computed, result: again } = yield* computeAndStore;
              yield* finished("step.finished", label, again);
              return computed;
            }),
        }),
      );

    const find = Effect.gen(function* () {
      const found = yield* store.getResult(label.key);
      if (Option.isNone(found)) return Option.none();
      // A file that was found damaged is gone: the step is computed again.
      for (const object of Object.values(filesOf(found.value)))
        if (Option.isNone(yield* store.readObject(object, 0, 0))) return Option.none();
      yield* finished("step.cached", label, shown(found.value));
      return Option.some(yield* outcomeOf(shown(found.value), "cached", load));
    });

    const first = yield* find;
    if (Option.isSome(first)) return first.value;
    return yield* Effect.scoped(
      Effect.gen(function* () {
        yield* store.lock(label.key, waiting(yield* Events, label));
        // Another run may have computed it meanwhile.
        const second = yield* find;
        if (Option.isSome(second)) return second.value;
        const { computed, result } = yield* computeAndStore;
        yield* finished("step.finished", label, shown(result));
        return yield* outcomeOf(shown(result), "ran", () => Effect.succeed(computed));
      }),
    );
  });

/** Told once where another run holds the lock. */
export const waiting = (events: Context.Service.Shape<typeof Events>, { name, kind, key }: Omit<Label, "preimage">) =>
  events.emit({ event: "step.waiting", step: name, kind, key });

/** A result may have been stored under another name: what people see is the name that the step has now. */
const finished = (event: "step.finished" | "step.cached", { name, kind, key }: Label, result: StoredResult) =>
  emit({
    event,
    step: name,
    kind,
    key,
    seconds: result.seconds,
    result: { ...(isFigures(result.figures) ? result.figures : {}), ...costOf(result).cost },
  });
