import type { DType } from "../shape/dtype.ts";
import { tensor } from "../shape/tensor.ts";
import type { Prims } from "./primitives.ts";

/** The parameters of a constant of these numbers, with what an f32 does not hold of them. */
export const constantOf = (dtype: DType, shape: readonly number[], numbers: readonly number[]): Prims["constant"] => {
  const value = tensor(dtype, shape, numbers);
  const lost = dtype === "f32" && numbers.some((number, i) => !Object.is(shortest(value.data[i]!), number));
  return lost ? { value, exact: Float64Array.from(numbers) } : { value };
};

/** What an f32 says: the shortest decimal that rounds to it, so that 0.1 is 0.1 and not 0.10000000149. */
export const shortest = (value: number): number => {
  if (Number.isInteger(value) || !Number.isFinite(value)) return value;
  for (let digits = 1; digits < 9; digits++) {
    const decimal = Number(value.toPrecision(digits));
    if (Math.fround(decimal) === value) return decimal;
  }
  return value;
};
