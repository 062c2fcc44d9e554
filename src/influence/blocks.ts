import type { Problem } from "./problem.ts";

/** Shares of the budget for a block's vectors, and for its scores. */
const VECTORS = 1 / 8;
const SCORES = 1 / 8;
/** Vectors that an iteration keeps for each right-hand side. */
const ITERATING = 10;
const MOST = { iterates: 16, else: 256 };

/** Test examples that are taken together. A function of the problem alone, so that more test examples leave the blocks of the first as they are. */
export const blockWidth = ({ layout, n, m, budget, self }: Problem, iterates: boolean): number => {
  const vectors = (budget * VECTORS) / (8 * layout.size * (iterates ? ITERATING : 3));
  const scores = self ? Number.POSITIVE_INFINITY : (budget * SCORES) / (8 * n);
  const most = Math.min(MOST[iterates ? "iterates" : "else"], layout.size);
  return Math.min(m, Math.max(1, Math.floor(Math.min(vectors, scores, most))));
};
