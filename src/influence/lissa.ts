import { type Algorithm, AlgorithmFailure, type Checkpoint, part } from "../plan/algorithm.ts";
import type { Method } from "../plan/influence.ts";
import type { Json } from "../plan/json.ts";
import { permutation } from "../random/random.ts";
import { type Asking, lacking } from "./asking.ts";
import { freshResiduals } from "./cg.ts";
import { preconditionerDamping } from "./cg-solver.ts";
import { chooseDamping, show } from "./damping.ts";
import { curvatureEnds } from "./eigenvalues.ts";
import { fingerprint } from "./fingerprint.ts";
import { extremeEigenvalues } from "./lanczos.ts";
import { numbersOf } from "./low-rank.ts";
import type { Spectral } from "./method.ts";
import { addDamping, type Operator, operatorOf } from "./operator.ts";
import type { Solver } from "./solver.ts";
import { addTo, type Block, norm, row, zeroBlock } from "./vectors.ts";

type Lissa = Extract<Method, { kind: "lissa" }>;

/** Examples of a batch: a hundredth of the data, at least so many. */
const LEAST_BATCH = 64;
const SHARE = 100;
/** A batch's largest eigenvalue exceeds that of the whole by some; how often the scale is doubled where that was not enough. */
const MARGIN = 1.5;
const DOUBLINGS = 5;
/** Stages of an automatic depth, each ending with a fresh residual. */
const STAGES = 24;
/** Steps between looks at the iterate's size. */
const LOOK_EVERY = 16;

/** What the recursion runs with. */
interface Plan {
  readonly scale: number;
  /** Steps of a stage. */
  readonly depth: number;
  /** Steps at a stage's end whose mean is taken: the noise of batches averages out. */
  readonly tail: number;
  readonly batch: number;
  /** Whether stages follow until the tolerance is met; else one stage is all. */
  readonly automatic: boolean;
  readonly repeats: number;
}

/**
 * The Neumann series x ← x + M⁻¹(v − (H_B + λ)x) / scale over batches B (LiSSA, Agarwal, Bullins and Hazan 2017; for influence Koh and Liang 2017),
 * M the identity or an approximation of the curvature (ASTRA, Wang et al. 2025, arXiv 2507.14740). Scale from the largest eigenvalue, depth from the
 * smallest; stages follow with larger batches until a fresh residual confirms the tolerance. Fails with MTT5605 where a scale that was given lets
 * it diverge.
 */
export function* lissaSolver(operator: Operator, method: Lissa, preconditioner: Spectral | undefined): Asking<Solver> {
  const { problem } = operator;
  const plain = yield* curvatureEnds(operator);
  const { damping, why } = chooseDamping(method.damping, plain, method.hessian);
  const shift = preconditioner === undefined ? 0 : preconditionerDamping(preconditioner, damping);
  const seen =
    preconditioner === undefined
      ? { smallest: plain.smallest + damping, largest: plain.largest + damping, products: 0 }
      : yield* preconditionedEnds(operator, damping, preconditioner, shift);
  let hvps = plain.products + seen.products + (preconditioner?.hvps ?? 0);
  let steps = 0;
  let details: { readonly [name: string]: Json } = {};
  const n = problem.n;
  const batch = Math.min(n, Math.max(LEAST_BATCH, Math.ceil(n / SHARE)));
  const smallest = Math.max(seen.smallest, 1e-6 * seen.largest);
  const scale = method.scale === "auto" ? MARGIN * seen.largest : method.scale;
  const plan: Plan = {
    scale,
    depth:
      method.depth === "auto"
        ? Math.ceil((scale / smallest) * Math.log(2 / Math.min(0.5, method.tolerance)))
        : method.depth,
    tail: method.depth === "auto" ? Math.ceil(scale / smallest) : 1,
    batch,
    automatic: method.depth === "auto",
    repeats: method.repeats === "auto" ? 1 : method.repeats,
  };
  return {
    tolerance: method.tolerance,
    *solve(rhs) {
      const of: Json = {
        solve: "lissa",
        curvature: operator.of,
        damping,
        precondition: preconditioner?.of ?? null,
        plan: { ...plan },
        fixed: method.scale !== "auto",
        tolerance: method.tolerance,
        seed: method.seed,
        rhs: fingerprint(rhs.data),
        count: rhs.count,
      };
      const found = yield* part("solve", of, [0, 1], () =>
        recursion(operator, rhs, { plan, method, damping, preconditioner, shift, seen: seen.largest }),
      );
      const numbers = numbersOf(found.figures);
      hvps += numbers.products ?? 0;
      steps = Math.max(steps, numbers.steps ?? 0);
      details = {
        scale: numbers.scale ?? scale,
        depth: numbers.steps ?? plan.depth,
        batch: numbers.batch ?? batch,
        repeats: plan.repeats,
      };
      const data = found.arrays["solve/x"]?.data;
      if (!(data instanceof Float64Array)) throw lacking("a stored solve lacks its iterate");
      return {
        s: { count: rhs.count, size: rhs.size, data },
        residuals: Array.from(found.arrays["solve/residuals"]?.data ?? []),
      };
    },
    certificate: () => ({
      damping,
      why,
      eigenvalues: { smallest: plain.smallest, largest: plain.largest },
      hvps,
      iterations: steps,
      details: {
        ...details,
        seed: method.seed,
        ...(preconditioner === undefined ? {} : { precondition: method.precondition }),
      },
    }),
    *close() {
      yield* operator.release();
      if (preconditioner !== undefined) yield* preconditioner.close();
    },
  };
}

interface Setting {
  readonly plan: Plan;
  readonly method: Lissa;
  readonly damping: number;
  readonly preconditioner: Spectral | undefined;
  readonly shift: number;
  /** The largest eigenvalue that the scale has to exceed. */
  readonly seen: number;
}

function* recursion(operator: Operator, rhs: Block, setting: Setting): Algorithm<Checkpoint> {
  const { plan, method, damping } = setting;
  const { n } = operator.problem;
  let { scale, batch } = plan;
  let doublings = 0;
  let products = 0;
  let steps = 0;
  let stage = 0;
  const sum = zeroBlock(rhs.count, rhs.size);
  let x = zeroBlock(rhs.count, rhs.size);
  for (let repeat = 0; repeat < plan.repeats; ) {
    yield* operator.release();
    const sampled = operatorOf(operator.problem, operator.hessian, batch);
    const order = { seed: method.seed, number: repeat * (STAGES + DOUBLINGS) + stage + doublings };
    const ended = yield* runStage(sampled, rhs, x, { ...setting, plan: { ...plan, scale, batch } }, order);
    products += (ended.steps * batch * rhs.count) / n;
    yield* sampled.release();
    if (ended.x === undefined) {
      if (method.scale !== "auto" || doublings >= DOUBLINGS) throw diverged(scale, setting.seen, ended.steps);
      scale *= 2;
      doublings++;
      x = zeroBlock(rhs.count, rhs.size);
      continue;
    }
    steps += ended.steps;
    stage++;
    x = ended.x;
    if (plan.automatic) {
      const residuals = yield* freshResiduals(full(operator, damping), rhs, x);
      products += rhs.count;
      const worst = Math.max(...residuals);
      yield {
        do: "progress",
        fraction: Math.min(1, Math.max(0, Math.log(worst) / Math.log(method.tolerance))),
        figures: { stage, residual: worst, batch },
      };
      if (worst > method.tolerance && stage < STAGES) {
        // What is left is the noise of batches, or slow directions: both shrink with larger batches and more steps.
        batch = Math.min(n, 2 * batch);
        continue;
      }
    }
    addTo(sum.data, 1 / plan.repeats, x.data);
    repeat++;
    stage = 0;
    x = zeroBlock(rhs.count, rhs.size);
  }
  const residuals = yield* freshResiduals(full(operator, damping), rhs, sum);
  products += rhs.count;
  return {
    arrays: {
      "solve/x": { dtype: "f64", shape: [rhs.count, rhs.size], data: sum.data },
      "solve/residuals": { dtype: "f64", shape: [rhs.count], data: Float64Array.from(residuals) },
    },
    figures: { products, steps, scale, batch },
  };
}

const full = (operator: Operator, damping: number) =>
  function* (block: Block): Asking<Block> {
    return addDamping(yield* operator.apply(block), damping, block);
  };

/** One stage from x on; nothing where it diverges. */
function* runStage(
  sampled: Operator,
  rhs: Block,
  start: Block,
  { plan, damping, preconditioner, shift, seen }: Setting,
  { seed, number }: { readonly seed: number; readonly number: number },
): Asking<{ readonly x: Block | undefined; readonly steps: number }> {
  const { n } = sampled.problem;
  const { depth, tail, scale, batch } = plan;
  const x = { ...start, data: start.data.slice() };
  const mean = zeroBlock(rhs.count, rhs.size);
  const perEpoch = Math.max(1, Math.floor(n / batch));
  let order = new Int32Array();
  for (let step = 0; step < depth; step++) {
    if (step % perEpoch === 0) order = Int32Array.from(permutation(seed, "lissa", number * 65536 + step / perEpoch, n));
    const at = step % perEpoch;
    const which = order.subarray(at * batch, (at + 1) * batch);
    const image = addDamping(yield* sampled.sampled(x, which), damping, x);
    const gap = { ...rhs, data: rhs.data.slice() };
    addTo(gap.data, -1, image.data);
    const move = preconditioner === undefined ? gap : yield* preconditioner.power(gap, -1, shift);
    addTo(x.data, 1 / scale, move.data);
    if (step >= depth - tail) addTo(mean.data, 1 / Math.min(depth, tail), x.data);
    if ((step + 1) % LOOK_EVERY === 0 || step + 1 === depth) {
      if (hasDiverged(x, rhs, seen)) return { x: undefined, steps: step + 1 };
    }
  }
  return { x: mean, steps: depth };
}

/** The solution is at most v over the smallest eigenvalue; an iterate beyond what 1e8 of condition explains grows without bound. */
const hasDiverged = (x: Block, rhs: Block, largest: number): boolean => {
  for (let i = 0; i < x.count; i++) {
    const size = norm(row(x, i));
    if (!Number.isFinite(size) || size > (1e8 * norm(row(rhs, i))) / largest) return true;
  }
  return false;
};

const diverged = (scale: number, largest: number, steps: number): AlgorithmFailure =>
  new AlgorithmFailure(
    "MTT5605",
    `LiSSA diverges with scale ${show(scale)}: after ${steps} steps the iterate has no bound, the largest eigenvalue is ${show(largest)}`,
    `the scale has to exceed the largest eigenvalue of every batch: \`scale: auto\` begins at ${show(MARGIN * largest)}`,
  );

/** The ends of M^-1/2 (H + λ) M^-1/2. */
function* preconditionedEnds(operator: Operator, damping: number, preconditioner: Spectral, shift: number) {
  const { size } = operator.problem.layout;
  const of = { eigenvalues: "preconditioned", curvature: operator.of, precondition: preconditioner.of, damping };
  const found = yield* part("eigenvalues", of, [0, 1], function* (): Algorithm<Checkpoint> {
    const ends = yield* extremeEigenvalues(
      function* (block) {
        const half = yield* preconditioner.power(block, -0.5, shift);
        return yield* preconditioner.power(yield* full(operator, damping)(half), -0.5, shift);
      },
      { size, seed: 0, steps: Math.min(40, size), memory: operator.problem.budget / 8 },
    );
    return { arrays: {}, figures: { ...ends } };
  });
  const { smallest = 0, largest = 1, products = 0 } = numbersOf(found.figures);
  return { smallest, largest, products };
}
