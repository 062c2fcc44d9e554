import type { Init, Network, Variable } from "../plan/network.ts";
import { type Floats, fillNormal, fillTruncatedNormal, fillUniform } from "../random/random.ts";
import { constructors, sizeOf, type Tensor } from "../shape/tensor.ts";

/** How many inputs reach one output of a weight, and outputs one input: dense [in, out], convolution [kh, kw, in, out]. A vector counts as both. */
export const fans = (shape: readonly number[]): { readonly in: number; readonly out: number } => {
  const window = sizeOf(shape.slice(0, -2));
  return { in: window * (shape.at(-2) ?? shape.at(-1) ?? 1), out: window * (shape.at(-1) ?? 1) };
};

type Rules = {
  readonly [K in Init["kind"]]: (
    out: Floats,
    init: Extract<Init, { kind: K }>,
    draw: { readonly seed: number; readonly number: number; readonly shape: readonly number[] },
  ) => void;
};

const rules: Rules = {
  constant: (out, { value }) => out.fill(value),
  normal: (out, { stddev }, { seed, number }) => fillNormal(out, seed, "init", number, stddev),
  truncated_normal: (out, { stddev }, { seed, number }) => fillTruncatedNormal(out, seed, "init", number, stddev),
  uniform: (out, { low, high }, { seed, number }) => fillUniform(out, seed, "init", number, low, high),
  // Uniform within sqrt(6 / (in + out))   (Glorot and Bengio 2010)
  glorot: (out, _, { seed, number, shape }) => {
    const bound = Math.sqrt(6 / (fans(shape).in + fans(shape).out));
    fillUniform(out, seed, "init", number, -bound, bound);
  },
  // Normal with variance 2 / in   (He et al. 2015)
  he: (out, _, { seed, number, shape }) => fillNormal(out, seed, "init", number, Math.sqrt(2 / fans(shape).in)),
};

/** The rule of the init's own kind: TypeScript cannot tie the two together by itself. */
const rule = <K extends Init["kind"]>(
  kind: K,
): ((out: Floats, init: Extract<Init, { kind: K }>, draw: Parameters<Rules[K]>[2]) => void) => rules[kind];

/** How a weight begins. `number` is its place among the network's weights; the same draws in both precisions. */
export const initial = ({ type, init }: Variable, seed: number, number: number, dtype: "f32" | "f64"): Tensor => {
  const data = new constructors[dtype](sizeOf(type.shape));
  rule(init.kind)(data, init, { seed, number, shape: type.shape });
  return { dtype, shape: type.shape, data };
};

/** Weights and states of a network as they begin, by path. States are numbered after the weights. */
export const initialParameters = (
  network: Network,
  seed: number,
  dtype: "f32" | "f64",
): Readonly<Record<string, Tensor>> =>
  Object.fromEntries(
    [...network.weights, ...network.states].map((variable, number) => [
      variable.path,
      initial(variable, seed, number, dtype),
    ]),
  );
