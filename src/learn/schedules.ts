import { evaluate } from "../ir/evaluate.ts";
import type { Schedule } from "../plan/training.ts";

type Rules = { readonly [K in Schedule["kind"]]: (schedule: Extract<Schedule, { kind: K }>, step: number) => number };

/**
 * The rate of a step, counted from 0. TensorFlow's conventions where it has the schedule: `exponential` decays smoothly, `step` at every whole `every`.
 * `warmup` rises linearly to the first rate of what follows, reached at its last step; what follows then starts from its own step 0.
 */
const rules: Rules = {
  // r
  constant: ({ rate }) => rate,
  // r factor^floor(t / every)
  step: ({ rate, every, factor }, step) => rate * factor ** Math.floor(step / every),
  // r factor^(t / every)
  exponential: ({ rate, every, factor }, step) => rate * factor ** (step / every),
  // r (1 + cos(pi t / T)) / 2, then 0: Loshchilov and Hutter 2017, one period
  cosine: ({ rate, steps }, step) => (rate * (1 + Math.cos((Math.PI * Math.min(step, steps)) / steps))) / 2,
  // then(0) (t + 1) / T, then then(t - T): Goyal et al. 2017
  warmup: ({ steps, then }, step) =>
    step < steps ? (rateAt(then, 0) * (step + 1)) / steps : rateAt(then, step - steps),
  // The rate of the last point at or before t.
  piecewise: ({ points }, step) => (points.findLast(([from]) => from <= step) ?? points[0]!)[1],
  block: ({ graph }, step) => evaluate(graph, [{ dtype: "f32", shape: [], data: Float32Array.of(step) }])[0]!.data[0]!,
};

/** The learning rate of optimizer step `step` (from 0). */
export const rateAt = (schedule: Schedule, step: number): number => rule(schedule.kind)(schedule, step);

/** The rule of the schedule's own kind: TypeScript cannot tie the two together by itself. */
const rule = <K extends Schedule["kind"]>(
  kind: K,
): ((schedule: Extract<Schedule, { kind: K }>, step: number) => number) => rules[kind];
