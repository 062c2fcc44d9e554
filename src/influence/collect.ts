import { AlgorithmFailure } from "../plan/algorithm.ts";
import { constructors, type Tensor, tensor, zeros } from "../shape/tensor.ts";
import { type Asking, known } from "./asking.ts";
import type { Sink } from "./method.ts";
import type { Problem } from "./problem.ts";
import type { InfluenceResult, Top } from "./result.ts";

export interface Collector extends Sink {
  /** Rows leave as they come and cannot be written again. */
  readonly inBlocks: boolean;
  readonly finish: () => Pick<InfluenceResult, "scores" | "written" | "top">;
}

/** Share of the budget for scores that stay in memory; more of them are written block by block. */
const SCORES = 1 / 4;

/** Where the scores of a step go: one array, blocks of an array on disk, or the best of each test example (of a part of the examples) and nothing else. */
export const collector = (problem: Problem, top: number | undefined, part?: Int32Array): Collector => {
  const { m, n, precision, self, budget } = problem;
  const taker = top !== undefined ? bestOnly(problem, top, part) : undefined;
  if (self) {
    const all = zeros(precision, [n]);
    return {
      inBlocks: false,
      put: (from, _count, scores) => {
        mustBeFinite(scores, undefined, from);
        all.data.set(scores, from);
        return known(undefined);
      },
      finish: () => {
        if (taker === undefined) return { scores: all };
        taker.put(Float64Array.from(all.data));
        return { top: taker.finish() };
      },
    };
  }
  if (taker !== undefined)
    return {
      inBlocks: false,
      put: (from, count, scores) => {
        mustBeFinite(scores, n, from);
        for (let i = 0; i < count; i++) taker.put(scores.subarray(i * n, (i + 1) * n));
        return known(undefined);
      },
      finish: () => ({ top: taker.finish() }),
    };
  const shape = [m, n];
  if (m * n * constructors[precision].BYTES_PER_ELEMENT > budget * SCORES)
    return {
      inBlocks: true,
      *put(from, count, scores) {
        mustBeFinite(scores, n, from);
        yield { do: "block", array: "scores", shape, from, values: tensor(precision, [count, n], scores) };
      },
      finish: () => ({ written: shape }),
    };
  const all = zeros(precision, shape);
  return {
    inBlocks: false,
    put: (from, _count, scores) => {
      mustBeFinite(scores, n, from);
      all.data.set(scores, from * n);
      return known(undefined);
    },
    finish: () => ({ scores: all }),
  };
};

/** Derivatives by a field: the test examples' rows [n, …field], in memory or in blocks of one (test, training batch) each. */
export const inputCollector = (problem: Problem, field: readonly number[]) => {
  const { m, n, precision, budget } = problem;
  const width = field.reduce((size, d) => size * d, 1);
  const written = m * n * width * constructors[precision].BYTES_PER_ELEMENT > budget * SCORES;
  const all = written ? undefined : zeros(precision, [m, n, ...field]);
  return {
    inBlocks: written,
    /** A tile [k, B, …field] of test examples from `row` and training examples from `from`. */
    *put(row: number, from: number, tile: Tensor): Asking<void> {
      const [count = 0, batch = 0] = tile.shape;
      const size = batch * width;
      for (let i = 0; i < count; i++) {
        const data = tile.data.slice(i * size, (i + 1) * size);
        const first = (row + i) * n + from;
        if (all !== undefined) all.data.set(data, first * width);
        else
          yield {
            do: "block",
            array: "scores",
            shape: [m * n, ...field],
            from: first,
            values: tensor(precision, [batch, ...field], data),
          };
      }
    },
    finish: (): Pick<InfluenceResult, "scores" | "written"> =>
      all === undefined ? { written: [m * n, ...field] } : { scores: all },
  };
};

/** The largest and the smallest scores of each row, best first; equal scores in the order of their positions. */
const bestOnly = ({ n, precision }: Problem, top: number, among?: Int32Array) => {
  const k = Math.min(top, among?.length ?? n);
  const rows: {
    readonly helpful: readonly number[];
    readonly harmful: readonly number[];
    readonly at: Float64Array;
  }[] = [];
  return {
    put(all: Float64Array): void {
      const scores = among === undefined ? all : Float64Array.from(among, (i) => all[i]!);
      const [helpful, harmful] = [largest(scores, k, 1), largest(scores, k, -1)];
      const at = Float64Array.from([...helpful, ...harmful], (i) => scores[i]!);
      const named = (places: readonly number[]) => (among === undefined ? places : places.map((i) => among[i]!));
      rows.push({ helpful: named(helpful), harmful: named(harmful), at });
    },
    finish(): Top {
      const part = (which: "helpful" | "harmful", offset: number) => ({
        index: tensor(
          "i32",
          [rows.length, k],
          rows.flatMap((row) => row[which]),
        ),
        score: tensor(
          precision,
          [rows.length, k],
          rows.flatMap(({ at }) => Array.from(at.subarray(offset, offset + k))),
        ),
      });
      return { helpful: part("helpful", 0), harmful: part("harmful", k) };
    },
  };
};

/** Positions of the k largest of sign * scores. Candidates are cut back whenever there are twice as many as needed. */
const largest = (scores: Float64Array, k: number, sign: 1 | -1): readonly number[] => {
  const better = (i: number, j: number) => sign * (scores[j]! - scores[i]!) || i - j;
  let candidates: number[] = [];
  let bound = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < scores.length; i++) {
    if (sign * scores[i]! <= bound) continue;
    candidates.push(i);
    if (candidates.length < 2 * k + 64) continue;
    candidates = candidates.sort(better).slice(0, k);
    bound = sign * scores[candidates.at(-1)!]!;
  }
  return candidates.sort(better).slice(0, k);
};

/** `width`: training examples of each test example; of self-influence every score is a training example's own. */
const mustBeFinite = (scores: Float64Array, width: number | undefined, first: number): void => {
  const bad = scores.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const whose =
    width === undefined
      ? `training example at ${first + bad}`
      : `training example at ${bad % width} for the test example at ${first + Math.floor(bad / width)}`;
  throw new AlgorithmFailure(
    "MTT5602",
    `the score of the ${whose} is ${scores[bad]}`,
    "see that the data of both and the model's parameters are finite",
  );
};
