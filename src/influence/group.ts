import type { Algorithm } from "../plan/algorithm.ts";
import type { HessianChoice, Influence } from "../plan/influence.ts";
import type { Asking } from "./asking.ts";
import { blockWidth } from "./blocks.ts";
import { gradientsOf, sumOfGradients } from "./gradients.ts";
import { certify, gradientLength, measureGradients, mustHaveExamples } from "./influence.ts";
import { needsSolve, wayOf } from "./methods.ts";
import { operatorOf } from "./operator.ts";
import { type Problem, problemOf, regularizerDiagonal } from "./problem.ts";
import type { Certificate, InfluenceContext } from "./result.ts";
import { type Block, dot, row } from "./vectors.ts";

export interface GroupInfluence {
  /** Of each test example: the predicted change of the measure when the whole group is removed, and the part of the second order in it. */
  readonly change: Float64Array;
  readonly second: Float64Array;
  readonly certificate: Omit<Certificate, "method">;
}

/** Examples of a batch of the group. */
const BATCH = 256;

/**
 * The effect of removing a group U of training examples (positions in the training data). First order: s · g_U / n with g_U the sum of the group's
 * gradients. Second order adds s · H_U H⁻¹ g_U / n², how the group's own curvature goes with it (Basu, You and Feizi 2020, "On second-order group
 * influence functions"; theirs divides by n − |U|, here the objective keeps 1 / n, and their factors of |U| / n are 1): two terms of the series
 * (H − H_U / n)⁻¹ g_U / n. Fails with MTT5612 for methods that do not solve.
 */
export function* groupInfluence(
  spec: Influence,
  context: InfluenceContext,
  group: Int32Array,
  order: 1 | 2,
): Algorithm<GroupInfluence> {
  const problem = problemOf(spec, context);
  mustHaveExamples(problem);
  const { method } = spec;
  const way = wayOf(method);
  if ("scores" in way) throw needsSolve(method.kind, "the effect of a group");
  yield* gradientLength(problem);
  const solver = yield* way.solves(problem);
  const { m, n, measure, testData } = problem;
  const sum = yield* sumOfGradients(problem, group);
  const first = row(sum, 0);
  const residuals: number[] = [];
  let bent: Float64Array | undefined;
  if (order === 2 && group.length > 0) {
    const moved = yield* solver.solve(sum);
    residuals.push(...(moved.residuals ?? []));
    yield* certify(spec, solver, moved);
    bent = yield* groupProduct(
      problem,
      "hessian" in spec.method ? spec.method.hessian : "gauss_newton",
      moved.s,
      group,
    );
  }
  const change = new Float64Array(m);
  const second = new Float64Array(m);
  const width = blockWidth(problem, way.iterates);
  const gradients = gradientsOf(problem, { measure, data: testData, examples: m });
  for (let from = 0; from < m; from += width) {
    const to = Math.min(m, from + width);
    const solved = yield* solver.solve(yield* measureGradients(problem, gradients, from, to));
    residuals.push(...(solved.residuals ?? []));
    yield* certify(spec, solver, solved);
    for (let i = from; i < to; i++) {
      const s = row(solved.s, i - from);
      second[i] = bent === undefined ? 0 : dot(s, bent) / n ** 2;
      change[i] = dot(s, first) / n + second[i]!;
    }
  }
  yield* gradients.release();
  yield* solver.close();
  const residual = residuals.length === 0 ? {} : { residual: residuals.reduce((a, b) => Math.max(a, b), 0) };
  return { change, second, certificate: { ...residual, ...solver.certificate() } };
}

/** Sum of the group's Hessians times a vector, without the regularizer. */
function* groupProduct(
  problem: Problem,
  hessian: HessianChoice,
  vector: Block,
  group: Int32Array,
): Asking<Float64Array> {
  const operator = operatorOf(problem, hessian, Math.min(BATCH, group.length));
  const mean = row(yield* operator.sampled(vector, group), 0);
  yield* operator.release();
  const diagonal = regularizerDiagonal(problem);
  const v = row(vector, 0);
  return mean.map((value, i) => group.length * (value - diagonal[i]! * v[i]!));
}
