import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { emit } from "../../execute/events.ts";
import { gradientsAt } from "../../execute/gradients.ts";
import { loadComputed, type Outcome } from "../../execute/outcome.ts";
import type { Setting } from "../../execute/setting.ts";
import type { BoardEvent } from "../../export/tensorboard/events.ts";
import { networkGraph } from "../../export/tensorboard/graph.ts";
import type { Body, Step } from "../../plan/plan.ts";
import { Store } from "../../store/store.ts";
import { hyperparameters } from "./hyperparameters.ts";
import { placeOf } from "./place.ts";

type TrainStep = Step & { readonly body: Extract<Body, { readonly kind: "train" }> };

/** Training examples of the gradients that are shown: more cost time, and the histogram stays much the same. */
const EXAMPLES = 1024;

const History = Schema.Array(Schema.Record(Schema.String, Schema.Number));
const isHistory = Schema.is(History);

/** A training: its hyper-parameters, its network, its curves, and of every checkpoint the weights, and the objective's gradient by them over the first examples. */
export const trainingEvents = Effect.fnUntraced(function* (
  step: TrainStep,
  outcome: Outcome,
  inputs: readonly Outcome[],
  setting: Pick<Setting, "backend">,
) {
  const { training } = step.body;
  const store = yield* Store;
  const events: BoardEvent[] = [];
  const data = inputs.find((input) => input.data !== undefined)?.data;
  const key = outcome.epochs;
  const last = placeOf(outcome);
  const counted = Number(
    outcome.figures[training.length !== undefined && "steps" in training.length ? "steps" : "epochs"] ?? last,
  );
  const kept = key === undefined ? [] : (yield* store.kept(key)).filter((at) => at <= counted);
  const times = new Map<number, number>();
  for (const [i, at] of kept.entries()) {
    const stored = yield* store.getResult(key!, at);
    if (Option.isNone(stored)) continue;
    const time = stored.value.finished / 1000;
    times.set(at, time);
    const loaded = yield* loadComputed(stored.value);
    const parameters = Option.isSome(loaded) ? loaded.value.arrays.parameters : undefined;
    if (parameters === undefined) continue;
    for (const { path } of training.network.weights) {
      const weight = parameters[path];
      if (weight !== undefined)
        events.push({
          kind: "histogram",
          tag: `weights/${path}`,
          values: weight.data,
          step: at,
          time,
        });
    }
    if (data !== undefined) {
      const gradients = yield* gradientsAt(step, training, parameters, data, EXAMPLES, setting);
      for (const [path, values] of gradients)
        events.push({ kind: "histogram", tag: `gradients/${path}`, values, step: at, time });
    }
    yield* emit({
      event: "step.progress",
      step: step.id,
      fraction: (i + 1) / kept.length,
      figures: { doing: "histograms for TensorBoard" },
    });
  }
  const ends = [...times.values()];
  const end = ends.at(-1) ?? Date.now() / 1000;
  const start = Math.min(end - outcome.seconds, ends[0] ?? end);
  const history = outcome.figures.history ?? [];
  const curves = (isHistory(history) ? history : []).flatMap((figures, i) =>
    Object.entries(figures).map(
      ([name, value]): BoardEvent => ({
        kind: "scalar",
        tag: name.startsWith("validation_") ? name.replace("_", "/") : `training/${name}`,
        value,
        step: i + 1,
        time: times.get(i + 1) ?? end,
      }),
    ),
  );
  const first: readonly BoardEvent[] = [
    { kind: "session", hyperparameters: hyperparameters(training), started: start, step: 0, time: end },
    { kind: "graph", graph: networkGraph(training.network), step: 0, time: start },
  ];
  return [...first, ...[...curves, ...events].sort((a, b) => a.step - b.step)];
});
