import type { Json } from "../plan/json.ts";
import type { ByRetraining, Validation } from "../plan/validation.ts";
import { permutation } from "../random/random.ts";

/** One retraining: the positions, in the training data, of the examples that it goes without. */
export interface Removal {
  /** For people: `without 17`, `subset 3`. */
  readonly name: string;
  /** Decides the positions, given the data: part of the retraining's key. */
  readonly key: Json;
  /** Ascending. */
  readonly at: Int32Array;
}

/** What the removals are chosen from: the training data and the scores. */
export interface Scored {
  /** Of each training example, its index in the source. */
  readonly index: Int32Array;
  /** Positions in the training data of the examples that have a score, and those scores, summed over the test examples. */
  readonly at: Int32Array;
  readonly totals: ArrayLike<number>;
}

/** Which examples each retraining goes without. */
export const removalsOf = (by: ByRetraining, scored: Scored): readonly Removal[] => {
  switch (by.kind) {
    case "leave_one_out":
      return chosen(by, scored).map((at) => ({
        name: `without ${scored.index[at]}`,
        key: { without: [at] },
        at: Int32Array.of(at),
      }));
    case "subset_retraining": {
      const n = scored.index.length;
      return Array.from({ length: by.count }, (_, i) => ({
        name: `subset ${i}`,
        key: { subset: i, fraction: by.fraction, seed: by.seed },
        at: permutation(by.seed, "subset", i, n)
          .subarray(Math.round(by.fraction * n))
          .sort(),
      }));
    }
    case "removal_curve": {
      const { totals } = scored;
      const order = Array.from(scored.at, (_, i) => i).sort((a, b) => totals[a]! - totals[b]! || a - b);
      return curveSteps(by.steps, scored.index.length).map((count) => {
        const at = Int32Array.from(order.slice(0, count), (i) => scored.at[i]!).sort();
        return { name: `without the first ${count}`, key: { without: [...at] }, at };
      });
    }
  }
};

const chosen = (
  { choose, count, seed }: Extract<Validation, { kind: "leave_one_out" }>,
  { at, totals }: Scored,
): readonly number[] => {
  const wanted = Math.min(count, at.length);
  const size = (i: number): number => Math.abs(totals[i]!);
  const ranked = Int32Array.from(at, (_, i) => i);
  const order = {
    largest: () => ranked.sort((a, b) => size(b) - size(a) || a - b),
    spread: () => ranked.sort((a, b) => totals[a]! - totals[b]! || a - b),
    random: () => permutation(seed, "leave_one_out", 0, at.length),
  }[choose]();
  const place = (i: number): number =>
    choose === "spread" && wanted > 1 ? Math.round((i * (at.length - 1)) / (wanted - 1)) : i;
  return Array.from({ length: wanted }, (_, i) => at[order[place(i)]!]!);
};

/** How many examples each step removes, ascending: equal steps up to a tenth of n, or what was asked for; below 1, shares of n. */
export const curveSteps = (steps: number | readonly number[], n: number): readonly number[] => {
  const asked =
    typeof steps === "number"
      ? Array.from({ length: steps }, (_, i) => ((i + 1) / steps) * 0.1 * n)
      : steps.map((step) => (step < 1 ? step * n : step));
  return [...new Set(asked.map((count) => Math.max(1, Math.round(count))))].sort((a, b) => a - b);
};

const LEAST = 3;

/** Why nothing can be compared, where the scores or the data are too few. */
export const shortOf = (
  by: ByRetraining,
  { at, index }: Scored,
): { readonly message: string; readonly help: string } | undefined => {
  switch (by.kind) {
    case "leave_one_out":
      return at.length >= LEAST
        ? undefined
        : {
            message: `a correlation takes ${LEAST} examples or more, and ${at.length} have a score`,
            help: "score more of the training data",
          };
    case "subset_retraining": {
      const kept = Math.round(by.fraction * index.length);
      return kept > 0 && kept < index.length
        ? undefined
        : {
            message: `subsets of ${by.fraction} of ${index.length} examples keep ${kept}: ${kept === 0 ? "none" : "all"}`,
            help: "say `fraction: 0.5`, or train on more examples",
          };
    }
    case "removal_curve": {
      const steps = curveSteps(by.steps, index.length);
      const most = steps.at(-1) ?? 0;
      if (most > at.length)
        return {
          message: `the curve removes up to ${most} examples, and ${at.length} have a score`,
          help: "remove fewer, or score more of the training data",
        };
      return steps.length >= LEAST
        ? undefined
        : {
            message: `a correlation takes ${LEAST} steps or more, and ${steps.length} are left that differ`,
            help: `of ${index.length} examples, remove whole ones: \`steps: [1, 2, 3]\``,
          };
    }
  }
};
