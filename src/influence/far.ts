import { type Algorithm, type Checkpoint, part } from "../plan/algorithm.ts";
import type { Json } from "../plan/json.ts";
import { normal } from "../random/random.ts";
import { type Asking, lacking } from "./asking.ts";
import { freshResiduals } from "./cg.ts";
import { sumOfGradients } from "./gradients.ts";
import { numbersOf } from "./low-rank.ts";
import { addDamping, type Operator } from "./operator.ts";
import { type Block, row, zeroBlock } from "./vectors.ts";

/** Training examples that an approximation is tried on, and random sums of their gradients. */
const EXAMPLES = 256;
const SUMS = 2;

/** How far an approximation C is from the curvature H, with the damping D that both get. */
export interface Approximation {
  /** For keys: C, and D. */
  readonly of: Json;
  /** (C + D)⁻¹ of a block. */
  readonly solve: (block: Block) => Algorithm<Block>;
  /** Of each weight, or of all. */
  readonly damping: Float64Array | number;
}

/** The residual, and the products that it took. */
export interface Far {
  readonly residual: number;
  readonly products: number;
}

/** For certificates: what the residual is of. */
export const FAR = `loss gradients of up to ${EXAMPLES} training examples, root mean square, by fresh products`;

/**
 * ‖(H + D)(C + D)⁻¹g − g‖ / ‖g‖ over loss gradients g of training examples spread evenly, root mean square: g summed with random signs has the sum of
 * their squared residuals as its own squared residual in the mean (Hutchinson 1990), so that a few Hessian-vector products say it. A part of the
 * model and the approximation: no later query pays for it.
 */
export function* howFar(operator: Operator, { of, solve, damping }: Approximation): Asking<Far> {
  const { n, layout } = operator.problem;
  const key = { residual: of, curvature: operator.of, examples: EXAMPLES, sums: SUMS };
  const found = yield* part("residual", key, [0, 1], function* (): Algorithm<Checkpoint> {
    const count = Math.min(n, EXAMPLES);
    const which = Int32Array.from({ length: count }, (_, i) => Math.floor((i * n) / count));
    const g = zeroBlock(SUMS, layout.size);
    for (let i = 0; i < SUMS; i++) {
      const signs = normal(0, "influence/far", i, count).map(Math.sign);
      row(g, i).set((yield* sumOfGradients(operator.problem, which, signs)).data);
    }
    const residuals = yield* freshResiduals((block) => damped(operator, block, damping), g, yield* solve(g));
    yield* operator.release();
    return { arrays: {}, figures: { residual: Math.hypot(...residuals) / Math.sqrt(SUMS) } };
  });
  const { residual } = numbersOf(found.figures);
  if (residual === undefined) throw lacking("a stored residual lacks its number");
  return { residual, products: SUMS };
}

function* damped(operator: Operator, block: Block, damping: Float64Array | number): Asking<Block> {
  const product = yield* operator.apply(block);
  if (typeof damping === "number") return addDamping(product, damping, block);
  for (let i = 0; i < product.data.length; i++) product.data[i]! += damping[i % block.size]! * block.data[i]!;
  return product;
}
