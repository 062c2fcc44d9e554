import { type Algorithm, AlgorithmFailure, type Checkpoint, part } from "../plan/algorithm.ts";
import type { Method } from "../plan/influence.ts";
import type { Json } from "../plan/json.ts";
import { permutation } from "../random/random.ts";
import { type Asking, lacking } from "./asking.ts";
import { blockOf, blockTensor, freshResiduals } from "./cg.ts";
import { preconditionerDamping } from "./cg-solver.ts";
import { chooseDamping, show, singular } from "./damping.ts";
import { curvatureEnds } from "./eigenvalues.ts";
import { fingerprint } from "./fingerprint.ts";
import { extremeEigenvalues } from "./lanczos.ts";
import { numbersOf } from "./low-rank.ts";
import type { Spectral } from "./method.ts";
import { addDamping, type Operator, operatorOf } from "./operator.ts";
import type { Solver } from "./solver.ts";
import { addTo, type Block, copyBlock, norm, row, zeroBlock } from "./vectors.ts";

type Lissa = Extract<Method, { kind: "lissa" }>;

/** Examples of a batch: a hundredth of the data, at least so many. */
const LEAST_BATCH = 64;
const SHARE = 100;
/** A batch's largest eigenvalue exceeds that of the whole by some; how often the scale is doubled where that was not enough. */
const MARGIN = 1.5;
const DOUBLINGS = 5;
/** Stages of an automatic depth, each ending with a fresh residual. */
const STAGES = 24;
/** Most steps of a stage that an automatic depth takes: a curvature that needs more is better damped, preconditioned or solved by cg. */
const DEEPEST = 200_000;
/** Below this share of the largest an eigenvalue is rounding. */
const ROUNDING = 1e-6;
/** Steps between looks at the iterate's size. */
const LOOK_EVERY = 16;

/** Steps between states that are kept. */
const CHECKPOINT_EVERY = 64;

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
  const automatic = method.depth === "auto";
  if (seen.largest <= 0 || (automatic && seen.smallest <= ROUNDING * seen.largest)) throw singular();
  const smallest = Math.max(seen.smallest, ROUNDING * seen.largest);
  const scale = method.scale === "auto" ? MARGIN * seen.largest : method.scale;
  const depth = method.depth === "auto" ? depthFor(scale / smallest, method.tolerance) : method.depth;
  if (automatic && depth > DEEPEST) throw tooDeep(depth, seen, method);
  const plan: Plan = {
    scale,
    depth,
    tail: automatic ? Math.ceil(scale / smallest) : 1,
    batch,
    automatic,
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
      const found = yield* part("solve", of, [0, 1], (kept) =>
        recursion(operator, rhs, { plan, method, damping, preconditioner, shift, seen: seen.largest }, kept?.state),
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

/** Steps after which the slowest direction is within half the tolerance: its error shrinks by 1 - smallest / scale each. */
const depthFor = (slowest: number, tolerance: number): number =>
  Math.ceil(slowest * Math.log(2 / Math.min(0.5, tolerance)));

interface Setting {
  readonly plan: Plan;
  readonly method: Lissa;
  readonly damping: number;
  readonly preconditioner: Spectral | undefined;
  readonly shift: number;
  /** The largest eigenvalue that the scale has to exceed. */
  readonly seen: number;
}

/** Where the recursion is: all that the next step depends on. */
interface Walk {
  /** The mean over repeats so far. */
  readonly sum: Block;
  /** The iterate, and the mean of this stage's tail so far. */
  readonly x: Block;
  readonly mean: Block;
  readonly at: Readonly<Record<(typeof COUNTERS)[number], number>>;
}

/** Done repeats, stages of this one, doublings of the scale, steps of this stage; steps in all, of stages that did not diverge, products. */
const COUNTERS = ["repeat", "stage", "doublings", "step", "walked", "steps", "products", "scale", "batch"] as const;

const walkCheckpoint = ({ sum, x, mean, at }: Walk): Checkpoint => ({
  // Copies: the recursion goes on in place.
  arrays: Object.fromEntries(
    Object.entries({ sum, x, mean }).map(([name, block]) => [`walk/${name}`, blockTensor(copyBlock(block))]),
  ),
  figures: at,
});

const fromWalkCheckpoint = ({ arrays, figures }: Checkpoint): Walk | undefined => {
  const [sum, x, mean] = ["sum", "x", "mean"].map((name) => blockOf(arrays[`walk/${name}`]));
  const at = numbersOf(figures);
  if (sum === undefined || x === undefined || mean === undefined) return undefined;
  const known = COUNTERS.flatMap((name) => (at[name] === undefined ? [] : [[name, at[name]]]));
  return known.length < COUNTERS.length ? undefined : { sum, x, mean, at: Object.fromEntries(known) };
};

function* recursion(
  operator: Operator,
  rhs: Block,
  setting: Setting,
  kept: Checkpoint | undefined,
): Algorithm<Checkpoint> {
  const { plan, method, damping } = setting;
  const { n } = operator.problem;
  const { count, size } = rhs;
  const zero = () => zeroBlock(count, size);
  const begun = { repeat: 0, stage: 0, doublings: 0, step: 0, walked: 0, steps: 0, products: 0 };
  const start: Walk = { sum: zero(), x: zero(), mean: zero(), at: { ...begun, scale: plan.scale, batch: plan.batch } };
  let { sum, x, mean, at } = (kept === undefined ? undefined : fromWalkCheckpoint(kept)) ?? start;
  while (at.repeat < plan.repeats) {
    if (at.walked > 0 && at.step === 0)
      yield { do: "checkpoint", at: at.walked, state: walkCheckpoint({ sum, x, mean, at }) };
    yield* operator.release();
    const { repeat, stage, doublings, scale, batch } = at;
    const sampled = operatorOf(operator.problem, operator.hessian, batch);
    const number = repeat * (STAGES + DOUBLINGS) + stage + doublings;
    const ended = yield* runStage(sampled, rhs, { sum, x, mean, at }, setting, number);
    yield* sampled.release();
    const products = at.products + (ended.steps * batch * count) / n;
    at = { ...at, products, step: 0, walked: at.walked - at.step + ended.steps };
    mean = zero();
    if (ended.x === undefined) {
      if (method.scale !== "auto" || doublings >= DOUBLINGS) throw diverged(scale, setting.seen, ended.steps);
      at = { ...at, scale: 2 * scale, doublings: doublings + 1 };
      x = zero();
      continue;
    }
    at = { ...at, steps: at.steps + ended.steps, stage: stage + 1 };
    x = ended.x;
    if (plan.automatic) {
      const residuals = yield* freshResiduals(full(operator, damping), rhs, x);
      const worst = Math.max(...residuals);
      at = { ...at, products: at.products + count };
      yield {
        do: "progress",
        fraction: Math.min(1, Math.max(0, Math.log(worst) / Math.log(method.tolerance))),
        figures: { stage: stage + 1, residual: worst, batch },
      };
      if (worst > method.tolerance && at.stage < STAGES) {
        // What is left is the noise of batches, or slow directions: both shrink with larger batches and more steps.
        at = { ...at, batch: Math.min(n, 2 * batch) };
        continue;
      }
    }
    addTo(sum.data, 1 / plan.repeats, x.data);
    at = { ...at, repeat: repeat + 1, stage: 0 };
    x = zero();
  }
  const residuals = yield* freshResiduals(full(operator, damping), rhs, sum);
  return {
    arrays: {
      "solve/x": blockTensor(sum),
      "solve/residuals": { dtype: "f64", shape: [count], data: Float64Array.from(residuals) },
    },
    figures: { products: at.products + count, steps: at.steps, scale: at.scale, batch: at.batch },
  };
}

const full = (operator: Operator, damping: number) =>
  function* (block: Block): Asking<Block> {
    return addDamping(yield* operator.apply(block), damping, block);
  };

/** A stage from where it is, to its end; nothing where it diverges. `number` is that of its batches' order. */
function* runStage(
  sampled: Operator,
  rhs: Block,
  { sum, x: start, mean: before, at }: Walk,
  { plan, method, damping, preconditioner, shift, seen }: Setting,
  number: number,
): Asking<{ readonly x: Block | undefined; readonly steps: number }> {
  const { n } = sampled.problem;
  const { depth, tail } = plan;
  const { batch, scale } = at;
  const [x, mean] = [copyBlock(start), copyBlock(before)];
  const perEpoch = Math.max(1, Math.floor(n / batch));
  let order: Int32Array | undefined;
  for (let step = at.step; step < depth; step++) {
    if (order === undefined || step % perEpoch === 0)
      order = Int32Array.from(permutation(method.seed, "lissa", number * 65536 + Math.floor(step / perEpoch), n));
    const first = (step % perEpoch) * batch;
    const image = addDamping(yield* sampled.sampled(x, order.subarray(first, first + batch)), damping, x);
    const gap = copyBlock(rhs);
    addTo(gap.data, -1, image.data);
    const move = preconditioner === undefined ? gap : yield* preconditioner.power(gap, -1, shift);
    addTo(x.data, 1 / scale, move.data);
    if (step >= depth - tail) addTo(mean.data, 1 / Math.min(depth, tail), x.data);
    const done = step + 1;
    if ((done % LOOK_EVERY === 0 || done === depth) && hasDiverged(x, rhs, seen)) return { x: undefined, steps: done };
    if (done % CHECKPOINT_EVERY === 0 && done < depth) {
      const walked = at.walked - at.step + done;
      yield {
        do: "checkpoint",
        at: walked,
        state: walkCheckpoint({ sum, x, mean, at: { ...at, step: done, walked } }),
      };
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

const tooDeep = (
  depth: number,
  { smallest, largest }: { readonly smallest: number; readonly largest: number },
  { precondition }: Lissa,
): AlgorithmFailure =>
  new AlgorithmFailure(
    "MTT5610",
    `lissa would take ${depth.toLocaleString("en-US")} steps at a time: the eigenvalues reach from ${show(smallest)} to ${show(largest)}`,
    `take cg, give a damping above ${show(1e-4 * largest)}${precondition === "none" ? ", `precondition: ekfac`" : ""}, or a \`depth\` of your own`,
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
