import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import * as op from "../../src/ir/operations.ts";
import { descend, transformationOf } from "../../src/learn/optimizers.ts";
import type { Training } from "../../src/plan/training.ts";
import { tensor, zeros } from "../../src/shape/tensor.ts";
import { gradient } from "../../src/transform/vjp.ts";

type GradientOptimizer = Parameters<typeof transformationOf>[0];

/** 0.5 (w0 - 1)² + 4 (w1 + 2)² + 0.1 w0² w1² + e^(0.3 b), as optimizers.py has it. */
const objective = () => {
  const b = new GraphBuilder();
  const w = b.input("w", { dtype: "f64", shape: [2] });
  const bias = b.input("b", { dtype: "f64", shape: [] });
  const shifted = op.add(b, w, b.constant(tensor("f64", [2], [-1, 2])));
  const bowl = op.innerProduct(b, b.constant(tensor("f64", [2], [0.5, 4])), op.square(b, shifted));
  const [w0, w1] = [0, 1].map((at) =>
    op.reshape(b, b.apply("slice", [op.square(b, w)], { start: [at], limit: [at + 1], strides: [1] }), []),
  );
  const product = op.scale(b, op.multiply(b, w0!, w1!), 0.1);
  return b.build([op.add(b, op.add(b, bowl, product), op.exponential(b, op.scale(b, bias, 0.3)))]);
};

/** Five steps from w = (0.5, -0.25), b = 1. */
const run = (optimizer: GradientOptimizer, clip?: Training["clip"]): readonly number[] => {
  const transformation = transformationOf(optimizer, clip);
  const derivative = gradient(objective(), [0, 1]);
  const b = new GraphBuilder();
  const weights = derivative.inputs.map(({ name, type }) => b.input(name, type));
  const memory = weights.map((w) => transformation.memory.map((name) => b.input(name, b.typeOf(w))));
  const names = Object.keys(transformation.scalars);
  const scalars = names.map((name) => b.input(name, { dtype: "f64", shape: [] }));
  const gradients = b.inline(derivative, weights).slice(1);
  const next = transformation.update({
    b,
    weights,
    gradients,
    memory,
    scalar: (name) => scalars[names.indexOf(name)]!,
  });
  const graph = b.build([...descend(b, weights, next.updates), ...next.memory.flat()]);

  let state = [
    tensor("f64", [2], [0.5, -0.25]),
    tensor("f64", [], [1]),
    ...memory.flat().map((m) => zeros("f64", b.typeOf(m).shape)),
  ];
  for (let step = 0; step < 5; step++) {
    const numbers = Object.values(transformation.scalars).map((number) => tensor("f64", [], [number(step)]));
    state = evaluate(graph, [...state, ...numbers]);
  }
  return [...state[0]!.data, ...state[1]!.data];
};

const constant = (rate: number) => ({ kind: "constant", rate }) as const;

/** PyTorch 2.13.0's figures: the output of optimizers.py. */
const pytorch: readonly (readonly [
  name: string,
  optimizer: GradientOptimizer,
  expected: readonly number[],
  clip: Training["clip"],
])[] = [
  [
    "sgd",
    { kind: "sgd", rate: constant(0.1) },
    [0.5647808208595564, -1.9836498681372894, 0.8022961641666964],
    undefined,
  ],
  [
    "momentum",
    { kind: "momentum", rate: constant(0.05), momentum: 0.9 },
    [0.5539808161365823, -3.237184669970155, 0.7375933012962329],
    undefined,
  ],
  [
    "nesterov",
    { kind: "nesterov", rate: constant(0.05), momentum: 0.9 },
    [0.5146090221246586, -2.2601934854306474, 0.6673831445681856],
    undefined,
  ],
  [
    "adagrad",
    { kind: "adagrad", rate: constant(0.1) },
    [0.7694811357973624, -0.561485185345127, 0.6824536078161603],
    undefined,
  ],
  [
    "rmsprop",
    { kind: "rmsprop", rate: constant(0.01), decay: 0.9 },
    [0.6019662161629737, -0.35533299206027674, 0.8941127541809232],
    undefined,
  ],
  [
    "adam",
    { kind: "adam", rate: constant(0.1), beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    [0.9618858365961253, -0.7463506255807327, 0.5014827193717923],
    undefined,
  ],
  [
    "adam with other betas and a large epsilon",
    { kind: "adam", rate: constant(0.1), beta1: 0.5, beta2: 0.9, epsilon: 1e-2 },
    [0.9023614262278794, -0.7354493267450994, 0.5184931287712607],
    undefined,
  ],
  [
    "adamw",
    { kind: "adamw", rate: constant(0.1), decay: 0.01 },
    [0.9589329653694025, -0.7441252605559173, 0.4975053224848219],
    undefined,
  ],
  [
    "sgd, clipped by value",
    { kind: "sgd", rate: constant(0.1) },
    [0.6979215079380376, -0.49999999999999994, 0.8022961641666964],
    { kind: "value", limit: 0.5 },
  ],
  [
    "momentum, clipped by norm",
    { kind: "momentum", rate: constant(0.1), momentum: 0.9 },
    [0.5242804245883963, -0.9064317266512181, 0.9794786908283921],
    { kind: "global_norm", limit: 0.5 },
  ],
];

describe("optimizers", () => {
  it.each(pytorch)("%s takes PyTorch's steps", (_, optimizer, expected, clip) => {
    run(optimizer, clip).forEach((value, i) => {
      expect(Math.abs(value - expected[i]!)).toBeLessThan(1e-13);
    });
  });

  it("leaves a gradient within the limit alone", () => {
    const plain = run({ kind: "sgd", rate: constant(0.01) });
    expect(run({ kind: "sgd", rate: constant(0.01) }, { kind: "value", limit: 1e3 })).toEqual(plain);
    expect(run({ kind: "sgd", rate: constant(0.01) }, { kind: "global_norm", limit: 1e3 })).toEqual(plain);
  });

  it("follows its schedule", () => {
    const piecewise = {
      kind: "piecewise",
      points: [
        [0, 0.1],
        [2, 0],
      ],
    } as const;
    const two = run({ kind: "sgd", rate: piecewise });
    const five = run({ kind: "sgd", rate: constant(0.1) });
    expect(two).not.toEqual(five);
    // Rate 0 from step 2 on: the schedule that goes on gives where the first two steps led.
    expect(
      run({
        kind: "sgd",
        rate: {
          kind: "piecewise",
          points: [
            [0, 0.1],
            [2, 0],
            [4, 0],
          ],
        },
      }),
    ).toEqual(two);
  });
});
