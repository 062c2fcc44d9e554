import { regularized } from "../learn/objective.ts";
import { type Algorithm, AlgorithmFailure, type Checkpoint, part } from "../plan/algorithm.ts";
import type { Influence } from "../plan/influence.ts";
import { type Asking, known, lacking } from "./asking.ts";
import { blockWidth } from "./blocks.ts";
import { type Collector, collector, inputCollector } from "./collect.ts";
import { show } from "./damping.ts";
import { progress } from "./grad-dot.ts";
import { type Gradients, gradientsOf, mustBeFinite, totalGradient } from "./gradients.ts";
import { numbersOf } from "./low-rank.ts";
import { needsSolve, wayOf } from "./methods.ts";
import { curvatureJson, lines } from "./operator.ts";
import { flatParameters, type Problem, problemOf } from "./problem.ts";
import type { Certificate, InfluenceContext, InfluenceResult } from "./result.ts";
import { gradientNorms, scoresByInput, scoringPass } from "./score.ts";
import type { Solved, Solver } from "./solver.ts";
import { type Block, dot, norm, row, rowsOf } from "./vectors.ts";

/** A mean gradient longer than this is no minimum, which the definition of influence supposes. */
const UNCONVERGED = 1e-3;

/**
 * Influence of training examples on a measure of test examples (Koh and Liang 2017): scores[test, train] = s_test · ∇L(z_train) / n with
 * s_test = (H + λI)⁻¹ ∇m(z_test), the predicted change of the measure when the training example is removed; of the model outside of training. Test
 * examples are taken in blocks, and nothing grows with the training data but the scores. Fails with MTT5611 on empty data, MTT5610 where a solve
 * misses its tolerance, and as the methods say.
 */
export function* influence(spec: Influence, context: InfluenceContext): Algorithm<InfluenceResult> {
  const problem = problemOf(spec, context);
  mustHaveExamples(problem);
  const { method } = spec;
  const way = wayOf(method);
  if ("scores" in way) {
    if (spec.of === "input") throw needsSolve(method.kind, "the effect of input pixels");
    yield { do: "phase", name: "scoring" };
    const sink = collector(problem, spec.top, context.part);
    const details = yield* way.scores(context)(problem, sink);
    return { ...sink.finish(), certificate: { method: method.kind, hvps: 0, details } };
  }
  if (spec.of === "input" && problem.self)
    throw new AlgorithmFailure(
      "MTT5612",
      "the effect of input pixels is on a test example, and self-influence has none of its own",
      "give `test` a data set",
    );
  yield { do: "phase", name: "solving" };
  const gradientNorm = yield* gradientLength(problem);
  if (gradientNorm > UNCONVERGED)
    yield {
      do: "warn",
      message: `the model is no minimum of its objective: the gradient's norm is ${show(gradientNorm)}, and influence supposes 0; train longer or read the scores with care`,
    };
  const solver = yield* way.solves(problem);
  const { part } = context;
  return yield* solveAndScore(spec, problem, solver, { iterates: way.iterates, gradientNorm, part });
}

interface Given {
  readonly iterates: boolean;
  readonly gradientNorm: number;
  readonly part: Int32Array | undefined;
}

function* solveAndScore(
  spec: Influence,
  problem: Problem,
  solver: Solver,
  { iterates, gradientNorm, part }: Given,
): Asking<InfluenceResult> {
  const { m, self, measure, testData } = problem;
  const width = blockWidth(problem, iterates);
  const gradients = gradientsOf(problem, { measure, data: testData, examples: m });
  const scorer = self
    ? selfScorer(problem, spec, gradients)
    : spec.of === "input"
      ? inputScorer(problem)
      : exampleScorer(problem, collector(problem, spec.top, part), width);
  const residuals: number[] = [];
  const strength = strengthEffectOf(problem);
  for (let from = 0; from < m; from += width) {
    yield { do: "phase", name: "solving" };
    const to = Math.min(m, from + width);
    const rhs = yield* measureGradients(problem, gradients, from, to);
    mustBeFinite(rhs, `\`${measure.name}\``, from);
    const solved = yield* solver.solve(rhs);
    residuals.push(...(solved.residuals ?? []));
    yield* certify(spec, solver, solved);
    strength?.put(from, solved.s);
    yield { do: "phase", name: "scoring" };
    // An iteration's data leaves the engine before the scores' comes.
    if (iterates) yield* solver.close();
    yield* scorer.put(from, rhs, solved.s);
    if (to < m && iterates) yield* scorer.release();
    yield* progress(to, m);
  }
  yield* gradients.release();
  yield* scorer.release();
  yield* solver.close();
  const certificate: Certificate = {
    method: spec.method.kind,
    ...(residuals.length === 0 ? {} : { residual: residuals.reduce((a, b) => Math.max(a, b), 0), residuals }),
    gradientNorm,
    ...(scorer.way() === undefined ? {} : { scoring: scorer.way()! }),
    ...solver.certificate(),
  };
  return {
    ...scorer.finish(),
    ...(strength === undefined ? {} : { strengthEffect: { dtype: "f64", shape: [m], data: strength.values } as const }),
    certificate,
  };
}

interface Scoring {
  readonly put: (from: number, rhs: Block, s: Block) => Asking<void>;
  readonly way: () => Certificate["scoring"];
  readonly finish: () => Pick<InfluenceResult, "scores" | "written" | "top">;
  readonly release: () => Asking<void>;
}

const exampleScorer = (problem: Problem, sink: Collector, width: number): Scoring => {
  const { m, n } = problem;
  const scoring = scoringPass(problem, m > width);
  return {
    *put(from, _, s) {
      const scores = yield* scoring.along(s);
      for (let i = 0; i < scores.length; i++) scores[i]! /= n;
      yield* sink.put(from, s.count, scores);
    },
    way: () => scoring.way,
    finish: sink.finish,
    release: scoring.release,
  };
};

/** s_i · ∇L(z_i) / n for each training example i. */
const selfScorer = (problem: Problem, spec: Influence, gradients: Gradients): Scoring => {
  const { n, loss, measure } = problem;
  const sink = collector(problem, spec.top);
  const own = measure === loss ? undefined : gradientsOf(problem, { measure: loss, data: 0, examples: n });
  return {
    *put(from, rhs, s) {
      const of = own === undefined ? rhs : yield* own.of(from, from + s.count);
      yield* sink.put(
        from,
        s.count,
        Float64Array.from({ length: s.count }, (_, i) => dot(row(s, i), row(of, i)) / n),
      );
    },
    way: () => "gradients",
    finish: sink.finish,
    *release() {
      yield* gradients.release();
      if (own !== undefined) yield* own.release();
    },
  };
};

const inputScorer = (problem: Problem): Scoring => {
  const { n, network } = problem;
  const { shape } = network.fields[0]!.type;
  const sink = inputCollector(problem, shape);
  return {
    *put(from, _, s) {
      // Rows that leave at once leave in order: one test example after another.
      const wide = sink.inBlocks ? 1 : s.count;
      for (let i = 0; i < s.count; i += wide)
        yield* scoresByInput(problem, rowsOf(s, i, i + wide), function* (at, tile) {
          const data = tile.data.map((value) => value / n);
          yield* sink.put(from + i, at, { ...tile, data } as typeof tile);
        });
    },
    way: () => "forward",
    finish: sink.finish,
    release: () => known(undefined),
  };
};

/** d m / d strength = −s · θ over the weights that the regularizer names. */
const strengthEffectOf = (problem: Problem) => {
  const { regularize, layout, network, m } = problem;
  if (regularize === undefined) return undefined;
  const values = new Float64Array(m);
  const named = new Set(regularized(network, regularize.only));
  const weights = flatParameters(problem);
  for (const { at, from, to } of layout.parts) if (!named.has(at)) weights.fill(0, from, to);
  return {
    values,
    put: (from: number, s: Block): void => {
      for (let i = 0; i < s.count; i++) values[from + i] = -dot(row(s, i), weights);
    },
  };
};

/** A solve that missed its tolerance fails, or is a warning where the program accepts its residual. */
export function* certify(spec: Influence, solver: Solver, { residuals }: Solved): Asking<void> {
  const { tolerance } = solver;
  if (tolerance === undefined || residuals === undefined) return;
  const worst = residuals.reduce((a, b) => Math.max(a, b), 0);
  if (worst <= tolerance) return;
  const { iterations } = solver.certificate();
  const message = `${spec.method.kind} stopped at a relative residual of ${show(worst)}${iterations === undefined ? "" : ` after ${iterations} iterations`}, above the tolerance ${tolerance}`;
  if (spec.accept !== undefined && worst <= spec.accept) {
    yield { do: "warn", message: `${message}; the program accepts ${spec.accept}` };
    return;
  }
  throw new AlgorithmFailure(
    "MTT5610",
    message,
    `raise its ${spec.method.kind === "cg" ? "`iterations`" : "`depth`"} or damping, \`precondition: ekfac\`, or say \`accept: residual(${show(worst * 1.1)})\``,
  );
}

/** Bytes of gradients that are worth keeping beside what they cost. */
const KEPT_GRADIENTS = 64 * 2 ** 20;

/** ∇m of a block of test examples, a part of its own. */
export function* measureGradients(problem: Problem, gradients: Gradients, from: number, to: number): Asking<Block> {
  const { measure, layout, self, m } = problem;
  if (8 * m * layout.size > KEPT_GRADIENTS) return yield* gradients.of(from, to);
  const of = {
    gradients: { graph: lines(measure.graph), targets: measure.targets },
    curvature: curvatureJson(problem, "exact"),
    from,
    to,
  };
  const found = yield* part("gradients", of, [0, self ? 1 : 2], function* (): Algorithm<Checkpoint> {
    const { data, count, size } = yield* gradients.of(from, to);
    return { arrays: { "gradients/block": { dtype: "f64", shape: [count, size], data } }, figures: {} };
  });
  const data = found.arrays["gradients/block"]?.data;
  if (!(data instanceof Float64Array) || data.length !== (to - from) * layout.size)
    throw lacking("stored gradients lack their array");
  return { count: to - from, size: layout.size, data };
}

/** ‖∇R‖, a part that every query of the model shares. Fails with MTT5602 where it is not finite: nothing can be made of such training data. */
export function* gradientLength(problem: Problem): Asking<number> {
  const of = { gradient: "norm", curvature: curvatureJson(problem, "exact") };
  const found = yield* part("gradient", of, [0, 1], function* (): Algorithm<Checkpoint> {
    const length = norm(yield* totalGradient(problem));
    if (!Number.isFinite(length)) throw yield* culprit(problem);
    return { arrays: {}, figures: { norm: length } };
  });
  return numbersOf(found.figures).norm ?? Number.NaN;
}

/** The training example whose gradient is not finite. */
function* culprit(problem: Problem): Asking<AlgorithmFailure> {
  const { loss } = problem;
  const bad = (yield* gradientNorms(problem, loss)).findIndex((length) => !Number.isFinite(length));
  return bad < 0
    ? new AlgorithmFailure(
        "MTT5602",
        "the gradient of the objective is not finite",
        "the sum over the training examples is too large for its numbers: scale the data, or train with `precision: f64`",
      )
    : new AlgorithmFailure(
        "MTT5602",
        `the gradient of \`${loss.name}\` at the training example at ${bad} is not finite`,
        "see that the data and the model's parameters are finite: `where(…)` leaves examples out",
      );
}

export const mustHaveExamples = ({ n, m }: Problem): void => {
  if (n === 0)
    throw new AlgorithmFailure(
      "MTT5611",
      "there is no training example to hold responsible",
      "see what the training data's query leaves",
    );
  if (m === 0)
    throw new AlgorithmFailure(
      "MTT5611",
      "there is no test example to explain",
      "see what the test data's query leaves",
    );
};
