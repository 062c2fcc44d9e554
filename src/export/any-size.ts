import { sameShape } from "../shape/tensor.ts";

/**
 * Graphs of the compiler know every size. A file is for batches of any size, so the same network is lowered for several sizes, and what differs between
 * them is found: sizes in declared shapes, integers that nodes are fed (the shape of a Reshape), arrays of one value. Each size is a + b n for a batch of
 * n; all else must agree.
 */
export const SIZES = [1009, 1013, 1021] as const;

/** A network that a format cannot hold. */
export class ExportRefusal extends Error {}

/** a + b n for each of several integers. */
export interface Affine {
  readonly constant: readonly number[];
  readonly factor: readonly number[];
}

/** Sizes by the size of the batch, in the order of SIZES, as a + b n. Throws ExportRefusal where they are not. */
export const affine = (values: readonly ArrayLike<number | bigint>[]): Affine => {
  const [first = [], second = []] = values.map((list) => Array.from(list, Number));
  const factor = first.map((value, i) => (second[i]! - value) / (SIZES[1] - SIZES[0]));
  const constant = first.map((value, i) => value - factor[i]! * SIZES[0]);
  const fits = values.every(
    (list, k) =>
      list.length === first.length && first.every((_, i) => Number(list[i]) === constant[i]! + factor[i]! * SIZES[k]!),
  );
  if (!fits || ![...factor, ...constant].every(Number.isSafeInteger))
    throw new ExportRefusal("a size of its graph does not grow evenly with the batch");
  return { constant, factor };
};

/** The integers for a Reshape that infers one of them; undefined where it would have to infer more. */
export const inferred = ({ constant, factor }: Affine): readonly number[] | undefined =>
  factor.filter((n) => n !== 0).length === 1 ? constant.map((value, i) => (factor[i] === 0 ? value : -1)) : undefined;

interface Constant {
  readonly type: string;
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

/** What a constant of the graph is for a batch of any size. */
export type AnySize =
  | { readonly kind: "same" }
  /** Integers, one axis. */
  | { readonly kind: "sizes"; readonly sizes: Affine }
  /** An array of one value. */
  | { readonly kind: "filled"; readonly shape: Affine };

/** The same constant for the sizes of SIZES. Throws ExportRefusal for what cannot be said of any size. */
export const anySize = (constants: readonly Constant[]): AnySize => {
  const [first, ...others] = constants;
  if (first === undefined) return { kind: "same" };
  const isSame = ({ shape, data }: Constant): boolean =>
    sameShape(shape, first.shape) &&
    (data === first.data || Array.from(data).every((value, i) => value === first.data[i]));
  if (others.every(isSame)) return { kind: "same" };
  const integers = first.type === "i32" || first.type === "i64";
  if (integers && constants.every(({ shape }) => sameShape(shape, first.shape) && shape.length === 1))
    return { kind: "sizes", sizes: affine(constants.map(({ data }) => data)) };
  const [value] = Array.from(first.data);
  if (constants.every(({ data }) => Array.from(data).every((other) => other === value)))
    return { kind: "filled", shape: affine(constants.map(({ shape }) => shape)) };
  throw new ExportRefusal("an array of its graph has other values for another batch");
};

/** Throws ExportRefusal unless the parts of the graphs are equal. */
export const mustAgree = (parts: readonly unknown[], what: string): void => {
  const [first, ...others] = parts.map((part) => JSON.stringify(part));
  if (others.some((other) => other !== first)) throw new ExportRefusal(`${what} of its graph depend on the batch`);
};
