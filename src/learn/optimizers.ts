import type { GraphBuilder } from "../ir/builder.ts";
import type { Value } from "../ir/graph.ts";
import {
  add,
  divide,
  maximum,
  minimum,
  multiply,
  reduceSum,
  scalarLike,
  scale,
  square,
  subtract,
  unary,
} from "../ir/operations.ts";
import type { Optimizer, Training } from "../plan/training.ts";
import { rateAt } from "./schedules.ts";

/** A change of gradients on their way to the weights, with its memory. The last one of a chain gives what is subtracted from the weights. */
export interface Transformation {
  /** Names of the arrays kept for each weight, of its type and zero at first. */
  readonly memory: readonly string[];
  /** Numbers fed to each step, computed in float64 from the step's number (from 0). */
  readonly scalars: Readonly<Record<string, (step: number) => number>>;
  readonly update: (context: Context) => Update;
}

interface Context {
  readonly b: GraphBuilder;
  readonly weights: readonly Value[];
  readonly gradients: readonly Value[];
  /** By weight, then in the order of `memory`. */
  readonly memory: readonly (readonly Value[])[];
  /** One of the fed numbers, []. */
  readonly scalar: (name: string) => Value;
}

interface Update {
  readonly updates: readonly Value[];
  readonly memory: readonly (readonly Value[])[];
}

type GradientOptimizer = Exclude<Optimizer, { kind: "lbfgs" }>;

/** What stands between the gradient of the objective and the weights: clipping, then the optimizer. Not for L-BFGS, which is no step. */
export const transformationOf = (optimizer: GradientOptimizer, clip?: Training["clip"]): Transformation => {
  const rule = ruleOf(optimizer.kind)(optimizer);
  return clip === undefined ? rule : chain(clipping(clip.kind)(clip.limit), rule);
};

/** One transformation after another. */
export const chain = (first: Transformation, then: Transformation): Transformation => ({
  memory: [...first.memory, ...then.memory],
  scalars: { ...first.scalars, ...then.scalars },
  update: (context) => {
    const at = first.memory.length;
    const one = first.update({ ...context, memory: context.memory.map((m) => m.slice(0, at)) });
    const two = then.update({ ...context, gradients: one.updates, memory: context.memory.map((m) => m.slice(at)) });
    return { updates: two.updates, memory: one.memory.map((m, i) => [...m, ...two.memory[i]!]) };
  },
});

type Rules = {
  readonly [K in GradientOptimizer["kind"]]: (o: Extract<GradientOptimizer, { kind: K }>) => Transformation;
};

/** g is the gradient, r the rate of the step. Conventions are PyTorch's; where TensorFlow's differ, it says so. */
const rules: Rules = {
  // r g
  sgd: ({ rate }) =>
    each([], { rate: (t) => rateAt(rate, t) }, ({ b, gradient, scalar }) => [multiply(b, scalar("rate"), gradient)]),
  // v' = m v + g;  r v'   (Polyak 1964; no dampening)
  momentum: ({ rate, momentum }) =>
    each(["velocity"], { rate: (t) => rateAt(rate, t) }, ({ b, gradient, memory: [v], scalar }) => {
      const next = add(b, scale(b, v!, momentum), gradient);
      return [multiply(b, scalar("rate"), next), next];
    }),
  // v' = m v + g;  r (g + m v')   (Sutskever et al. 2013, as both libraries write it)
  nesterov: ({ rate, momentum }) =>
    each(["velocity"], { rate: (t) => rateAt(rate, t) }, ({ b, gradient, memory: [v], scalar }) => {
      const next = add(b, scale(b, v!, momentum), gradient);
      return [multiply(b, scalar("rate"), add(b, gradient, scale(b, next, momentum))), next];
    }),
  // s' = s + g²;  r g / (sqrt(s') + 1e-10)   (Duchi et al. 2011; TensorFlow begins s at 0.1)
  adagrad: ({ rate }) =>
    each(["squares"], { rate: (t) => rateAt(rate, t) }, ({ b, gradient, memory: [s], scalar }) => {
      const next = add(b, s!, square(b, gradient));
      return [
        divide(b, multiply(b, scalar("rate"), gradient), add(b, unary(b, "sqrt", next), scalarLike(b, next, 1e-10))),
        next,
      ];
    }),
  // s' = d s + (1 - d) g²;  r g / (sqrt(s') + 1e-8)   (Tieleman and Hinton 2012; TensorFlow 1 adds 1e-10 below the root)
  rmsprop: ({ rate, decay }) =>
    each(["squares"], { rate: (t) => rateAt(rate, t) }, ({ b, gradient, memory: [s], scalar }) => {
      const next = average(b, decay, s!, square(b, gradient));
      return [
        divide(b, multiply(b, scalar("rate"), gradient), add(b, unary(b, "sqrt", next), scalarLike(b, next, 1e-8))),
        next,
      ];
    }),
  // Kingma and Ba 2015, algorithm 1.
  adam: ({ rate, beta1, beta2, epsilon }) =>
    each(["m", "v"], adamScalars(rate, beta1, beta2, epsilon), (context) => adam(context, beta1, beta2)),
  // Loshchilov and Hutter 2019: Adam's update, and r d w, which its averages do not see.
  adamw: ({ rate, decay }) =>
    each(["m", "v"], { ...adamScalars(rate, 0.9, 0.999, 1e-8), decay: (t) => decay * rateAt(rate, t) }, (context) => {
      const [update, m, v] = adam(context, 0.9, 0.999);
      return [add(context.b, update, multiply(context.b, context.scalar("decay"), context.weight)), m, v];
    }),
};

const clippings: { readonly [K in NonNullable<Training["clip"]>["kind"]]: (limit: number) => Transformation } = {
  // g min(1, limit / |g|), |g| over all weights   (Pascanu et al. 2013; PyTorch adds 1e-6 to |g|)
  global_norm: (limit) => ({
    memory: [],
    scalars: {},
    update: ({ b, gradients, memory }) => {
      const squares = gradients.map((g) => sumOfSquares(b, g)).reduce((x, y) => add(b, x, y));
      const norm = unary(b, "sqrt", squares);
      const factor = divide(b, scalarLike(b, norm, limit), maximum(b, norm, scalarLike(b, norm, limit)));
      return { updates: gradients.map((g) => multiply(b, factor, g)), memory };
    },
  }),
  // Each entry into [-limit, limit].
  value: (limit) => ({
    memory: [],
    scalars: {},
    update: ({ b, gradients, memory }) => ({
      updates: gradients.map((g) => minimum(b, maximum(b, g, scalarLike(b, g, -limit)), scalarLike(b, g, limit))),
      memory,
    }),
  }),
};

const clipping = (kind: NonNullable<Training["clip"]>["kind"]) => clippings[kind];

/** The rule of the optimizer's own kind: TypeScript cannot tie the two together by itself. */
const ruleOf = <K extends GradientOptimizer["kind"]>(
  kind: K,
): ((optimizer: Extract<GradientOptimizer, { kind: K }>) => Transformation) => rules[kind];

interface One {
  readonly b: GraphBuilder;
  readonly weight: Value;
  readonly gradient: Value;
  readonly memory: readonly Value[];
  /** One of the fed numbers, []. */
  readonly scalar: (name: string) => Value;
}

/** A transformation that treats every weight by itself: (update, next memory…). */
const each = (
  memory: readonly string[],
  scalars: Transformation["scalars"],
  rule: (one: One) => readonly [Value, ...Value[]],
): Transformation => ({
  memory,
  scalars,
  update: ({ b, weights, gradients, memory: kept, scalar }) => {
    const results = weights.map((weight, i) => rule({ b, weight, gradient: gradients[i]!, memory: kept[i]!, scalar }));
    return { updates: results.map(([update]) => update), memory: results.map(([, ...next]) => next) };
  },
});

/**
 * r m^ / (sqrt(v^) + e) with m^ = m / (1 - b1^t), v^ = v / (1 - b2^t) is size m / (sqrt(v) + e sqrt(1 - b2^t)) with size = r sqrt(1 - b2^t) / (1 - b1^t):
 * what depends on t only is computed here, in float64. t counts from 1.
 */
const adamScalars = (
  rate: GradientOptimizer["rate"],
  beta1: number,
  beta2: number,
  epsilon: number,
): Transformation["scalars"] => {
  const root = (step: number) => Math.sqrt(-Math.expm1((step + 1) * Math.log(beta2)));
  return {
    size: (step) => (rateAt(rate, step) * root(step)) / -Math.expm1((step + 1) * Math.log(beta1)),
    epsilon: (step) => epsilon * root(step),
  };
};

// m' = b1 m + (1 - b1) g;  v' = b2 v + (1 - b2) g²
const adam = (
  { b, gradient, memory: [m, v], scalar }: One,
  beta1: number,
  beta2: number,
): readonly [Value, Value, Value] => {
  const nextM = average(b, beta1, m!, gradient);
  const nextV = average(b, beta2, v!, square(b, gradient));
  const below = add(b, unary(b, "sqrt", nextV), scalar("epsilon"));
  return [divide(b, multiply(b, scalar("size"), nextM), below), nextM, nextV];
};

/** d old + (1 - d) new, as old + (1 - d)(new - old): one product less, and exact where both are equal. */
const average = (b: GraphBuilder, decay: number, old: Value, fresh: Value): Value =>
  add(b, old, scale(b, subtract(b, fresh, old), 1 - decay));

/** The sum of the squares of all entries -> []. */
export const sumOfSquares = (b: GraphBuilder, x: Value): Value => reduceSum(b, square(b, x));

/** Subtracts the updates from the weights. */
export const descend = (b: GraphBuilder, weights: readonly Value[], updates: readonly Value[]): readonly Value[] =>
  weights.map((weight, i) => subtract(b, weight, updates[i]!));
