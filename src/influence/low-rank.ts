import { GraphBuilder } from "../ir/builder.ts";
import { add, contract, multiply } from "../ir/operations.ts";
import { type Algorithm, AlgorithmFailure, type Checkpoint, close, open, part, run } from "../plan/algorithm.ts";
import type { Json } from "../plan/json.ts";
import type { Program } from "../plan/program.ts";
import { fillNormal } from "../random/random.ts";
import type { Tensor } from "../shape/tensor.ts";
import { type Asking, lacking, telling } from "./asking.ts";
import { orthonormalizeWork } from "./cg.ts";
import { dense } from "./dense.ts";
import { fromLanczosCheckpoint, lanczosCheckpoint, lanczosStart, lanczosStep, tridiagonalWork } from "./lanczos.ts";
import type { Spectral } from "./method.ts";
import type { Operator } from "./operator.ts";
import { regularizerDiagonal } from "./problem.ts";
import { eigenWork } from "./symmetric-eigen.ts";
import { addTo, type Block, combineWork, type Dense, gramWork, row, rowsOf, zeroBlock } from "./vectors.ts";
import type { Work } from "./work.ts";

/** U diag(values) Uᵀ + floor (I − U Uᵀ), U's vectors orthonormal rows. */
interface LowRank {
  readonly vectors: Block;
  /** Descending. */
  readonly values: Float64Array;
  readonly floor: number;
}

const CHECKPOINT_EVERY = 20;
/** Of Nyström's work on the vectors, once all products are there. */
const PIECES = 7;
/** Share of the budget for the vectors of a basis. */
const BASIS = 1 / 4;
/** Below this share of the largest an eigenvalue is 0. */
const ROUNDING = 1e-12;

/**
 * The leading eigenpairs by Arnoldi's iteration on the Hessian, which is Lanczos's for a symmetric matrix, with full reorthogonalization (Schioppa et
 * al. 2022, "Scaling up influence functions"). What the vectors leave out has at least the regularizer's curvature, where that is the same for all
 * weights, and is counted with it; else it is dropped, as the paper does.
 */
export function* arnoldi(operator: Operator, rank: number, seed: number): Algorithm<Spectral> {
  const { problem } = operator;
  const { size } = problem.layout;
  const kept = Math.min(rank, size);
  // A few vectors more make the last ones that are kept converge.
  const steps = Math.min(size, kept + Math.max(10, Math.ceil(kept / 10)));
  mustFit(operator, steps, "arnoldi", rank);
  const of: Json = { basis: "arnoldi", curvature: operator.of, rank, seed };
  const state = yield* part("basis", of, [0, 1], function* (from): Algorithm<Checkpoint> {
    let lanczos = (from === undefined ? undefined : fromLanczosCheckpoint(from.state)) ?? lanczosStart({ size, seed });
    while (lanczos.alphas.length < steps && lanczos.betas.at(-1) !== 0) {
      lanczos = yield* lanczosStep(operator.apply, lanczos, { size, memory: Number.POSITIVE_INFINITY });
      const done = lanczos.alphas.length;
      yield { do: "progress", fraction: done / steps, figures: { vector: done, vectors: steps } };
      if (done % CHECKPOINT_EVERY === 0) yield { do: "checkpoint", at: done, state: lanczosCheckpoint(lanczos) };
    }
    const { values, vectors } = yield* telling(tridiagonalWork(lanczos), {}, [0, 0.5]);
    const order = Array.from(values, (_, i) => i).sort((i, j) => Math.abs(values[j]!) - Math.abs(values[i]!));
    const chosen = order.slice(0, kept).sort((i, j) => values[j]! - values[i]!);
    const basis = zeroBlock(chosen.length, size);
    for (const [i, column] of chosen.entries()) {
      lanczos.basis.forEach((v, step) => {
        addTo(row(basis, i), vectors.data[step * values.length + column]!, v);
      });
      yield { do: "progress", fraction: (1 + (i + 1) / chosen.length) / 2, figures: {} };
    }
    return toPart(
      { vectors: basis, values: Float64Array.from(chosen, (i) => values[i]!), floor: uniformFloor(operator) },
      lanczos.alphas.length,
    );
  });
  return spectral(operator, of, state);
}

/**
 * A randomized Nyström approximation of the Hessian (Frangella, Tropp and Udell 2021, algorithm 2.1; for influence Hataya and Yamada 2023). The
 * regularizer, where it is the same for all weights, is left out of the sketch and added exactly. Fails with MTT5604 on an indefinite Hessian. What the
 * vectors leave out has the regularizer's curvature, or as a preconditioner (`least`) that of the least vector (the same paper's section 5).
 */
export function* nystrom(
  operator: Operator,
  rank: number,
  seed: number,
  rest: "floor" | "least" = "floor",
): Algorithm<Spectral> {
  const { problem } = operator;
  const { size } = problem.layout;
  const count = Math.min(rank, size);
  mustFit(operator, 2 * count, "nystrom", rank);
  const of: Json = { basis: "nystrom", curvature: operator.of, rank, seed };
  const state = yield* part("basis", of, [0, 1], function* (): Algorithm<Checkpoint> {
    const floor = uniformFloor(operator);
    const sketch = zeroBlock(count, size);
    for (let i = 0; i < count; i++) fillNormal(row(sketch, i), seed, "nystrom", i);
    yield* telling(orthonormalizeWork(sketch, sketch), {}, [0, 0]);
    const images = zeroBlock(count, size);
    const wide = 16;
    for (let from = 0; from < count; from += wide) {
      const to = Math.min(count, from + wide);
      rowsOf(images, from, to).data.set((yield* operator.apply(rowsOf(sketch, from, to))).data);
      yield { do: "progress", fraction: to / count, figures: { vector: to, vectors: count } };
    }
    addTo(images.data, -floor, sketch.data);
    // Ωᵀ H Ω = V S Vᵀ; B = H Ω V S^-1/2, and H ≈ B Bᵀ
    let piece = 0;
    const told = <R>(work: Work<R>): Asking<R> => telling(work, {}, [piece / PIECES, ++piece / PIECES]);
    const core = yield* told(eigenWork(yield* told(gramWork(sketch, images))));
    const largest = Math.max(...core.values.map(Math.abs), 0);
    const lowest = core.values[0] ?? 0;
    if (lowest < -1e-4 * largest) throw indefinite(lowest, largest);
    const used = Array.from(core.values, (_, i) => i).filter((i) => core.values[i]! > 1e-6 * largest);
    const b = zeroBlock(used.length, size);
    const weights = dense(count, used.length);
    used.forEach((from, j) => {
      for (let i = 0; i < count; i++)
        weights.data[i * used.length + j] = core.vectors.data[i * count + from]! / Math.sqrt(core.values[from]!);
    });
    yield* told(combineWork(b, 1, weights, images));
    // Bᵀ B = W Λ Wᵀ, U = B W Λ^-1/2
    const inner = yield* told(eigenWork(yield* told(gramWork(b, b))));
    const vectors = zeroBlock(used.length, size);
    yield* told(leadingFirst(vectors, inner.vectors, b));
    const values = inner.values.toReversed().map((value) => value + floor);
    yield* told(orthonormalizeWork(vectors, vectors));
    return toPart({ vectors, values, floor }, count);
  });
  return spectral(operator, of, state, rest);
}

/** Vector j of `to` += those of `b` by the last column but j of the matrix, whose columns ascend. */
function* leadingFirst(to: Block, { columns, data }: Dense, b: Block): Work<void> {
  for (let j = 0; j < to.count; j++) {
    for (let i = 0; i < b.count; i++) addTo(row(to, j), data[i * columns + columns - 1 - j]!, row(b, i));
    yield (j + 1) / to.count;
  }
}

const indefinite = (lowest: number, largest: number): AlgorithmFailure =>
  new AlgorithmFailure(
    "MTT5604",
    `a Nystrom approximation needs a Hessian without negative curvature, and a value of ${lowest.toPrecision(3)} was met (the largest is ${largest.toPrecision(3)})`,
    "use `hessian: gauss_newton`, which has none, or another method",
  );

const mustFit = ({ problem }: Operator, vectors: number, method: string, rank: number): void => {
  const bytes = 8 * vectors * problem.layout.size;
  if (bytes <= problem.budget * BASIS) return;
  throw new AlgorithmFailure(
    "MTT5606",
    `${method} of rank ${rank} takes ${megabytes(bytes)} for its vectors of ${problem.layout.size} weights, and ${megabytes(problem.budget * BASIS)} are free for them`,
    "take a smaller rank, or restrict the layers",
  );
};

export const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20).toLocaleString("en-US")} MiB`;

/** The regularizer's curvature where all weights have the same, else 0. */
const uniformFloor = ({ problem }: Operator): number => {
  const diagonal = regularizerDiagonal(problem);
  return diagonal.every((value) => value === diagonal[0]) ? (diagonal[0] ?? 0) : 0;
};

const toPart = ({ vectors, values, floor }: LowRank, products: number): Checkpoint => ({
  arrays: {
    "basis/vectors": { dtype: "f64", shape: [vectors.count, vectors.size], data: vectors.data },
    "basis/values": { dtype: "f64", shape: [values.length], data: values },
  },
  figures: { floor, products },
});

const spectral = (
  operator: Operator,
  of: Json,
  { arrays, figures }: Checkpoint,
  beyond: "floor" | "least" = "floor",
): Spectral => {
  const [stored, values] = [arrays["basis/vectors"], arrays["basis/values"]?.data];
  const { floor: least, products } = numbersOf(figures);
  if (stored === undefined || !(values instanceof Float64Array) || least === undefined || products === undefined)
    throw lacking("a stored basis lacks its vectors");
  const { size } = operator.problem.layout;
  const floor = beyond === "floor" ? least : (values.at(-1) ?? least);
  const engine = engineOf(stored, size);
  const sum = values.reduce((total, value) => total + value, 0);
  const rest = values.length < size && floor > 0 ? [floor] : [];
  return {
    of: [of, beyond],
    smallest: Math.min(...values, ...rest),
    largest: Math.max(...values, ...rest),
    mean: (sum + floor * (size - values.length)) / size,
    hvps: products,
    figures: { rank: values.length, floor },
    power: (block, exponent, damping) => engine.apply(block, values, floor, exponent, damping),
    close: engine.close,
  };
};

/** The plain numbers of a record. */
export const numbersOf = (json: Json): { readonly [name: string]: number | undefined } =>
  typeof json !== "object" || json === null
    ? {}
    : Object.fromEntries(
        Object.entries(json).flatMap(([name, value]) => (typeof value === "number" ? [[name, value]] : [])),
      );

/** c v + Uᵀ diag(d) U v with U resident in the engine, float64. */
const engineOf = (vectors: Tensor, size: number) => {
  let now: { readonly width: number; readonly session: number } | undefined;
  const [rank = 0] = vectors.shape;
  return {
    *apply(block: Block, values: Float64Array, floor: number, exponent: number, damping: number): Algorithm<Block> {
      // A direction without curvature or damping is dropped, among the vectors and in what they leave out.
      const rest = floor + damping > 0 ? (floor + damping) ** exponent : 0;
      const result = zeroBlock(block.count, size);
      if (rank === 0) {
        addTo(result.data, rest, block.data);
        return result;
      }
      if (now?.width !== block.count) {
        if (now !== undefined) yield* close(now.session);
        now = { width: block.count, session: yield* open(program(rank, size, block.count), [vectors]) };
      }
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value + damping)), 0);
      const factors = values.map(
        (value) => (Math.abs(value + damping) <= ROUNDING * largest ? 0 : (value + damping) ** exponent) - rest,
      );
      const [answer] = yield* run(now.session, [
        { dtype: "f64", shape: [rank], data: factors },
        { dtype: "f64", shape: [], data: Float64Array.of(rest) },
        { dtype: "f64", shape: [block.count, size], data: block.data },
      ]);
      result.data.set(answer!.data);
      return result;
    },
    *close(): Algorithm<void> {
      if (now !== undefined) yield* close(now.session);
      now = undefined;
    },
  };
};

const program = (rank: number, size: number, count: number): Program => {
  const b = new GraphBuilder();
  const u = b.input("vectors", { dtype: "f64", shape: [rank, size] });
  const factors = b.input("factors", { dtype: "f64", shape: [rank] });
  const rest = b.input("rest", { dtype: "f64", shape: [] });
  const v = b.input("block", { dtype: "f64", shape: [count, size] });
  const along = multiply(b, contract(b, v, u, [1], [1]), factors);
  const graph = b.build([add(b, multiply(b, v, rest), contract(b, along, u, [1], [0]))]);
  return { graph, resident: 1, updated: 0 };
};
