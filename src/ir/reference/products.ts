import { sizeOf } from "../../shape/tensor.ts";
import { allocate, type Data, floats, type Kernel, type Operand, rowMajor } from "./array.ts";
import { read } from "./structure.ts";

/** lhs as [batch, m, k] and rhs as [batch, k, n] make [batch, m, n]; products of i32 wrap. */
export const dotGeneral: Kernel<"dot_general"> = (params, [x, y], _type, out) => {
  const { lhs_batch, rhs_batch, lhs_contracting, rhs_contracting } = params;
  const rest = (operand: Operand, used: readonly number[]) =>
    operand.shape.map((_, i) => i).filter((i) => !used.includes(i));
  const free = [rest(x!, [...lhs_batch, ...lhs_contracting]), rest(y!, [...rhs_batch, ...rhs_contracting])] as const;
  const left = ordered(x!, [...lhs_batch, ...free[0], ...lhs_contracting]);
  const right = ordered(y!, [...rhs_batch, ...rhs_contracting, ...free[1]]);
  const size = (operand: Operand, axes: readonly number[]) => sizeOf(axes.map((i) => operand.shape[i]!));
  const [batch, m, k, n] = [size(x!, lhs_batch), size(x!, free[0]), size(x!, lhs_contracting), size(y!, free[1])];
  out.fill(0);
  if (out instanceof Float64Array) {
    addProduct(out, floats({ data: left }), floats({ data: right }), { batch, m, k, n });
    return;
  }
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < m; i++)
      for (let l = 0; l < k; l++)
        for (let j = 0; j < n; j++)
          out[(b * m + i) * n + j]! += Math.imul(left[(b * m + i) * k + l]!, right[(b * k + l) * n + j]!);
};

export interface ProductSizes {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** out [batch, m, n] += left [batch, m, k] right [batch, k, n], four rows of the right at a time, so that a sum is fetched and stored once for four products. */
export function addProduct(
  out: Float64Array,
  left: Float64Array,
  right: Float64Array,
  { batch, m, k, n }: ProductSizes,
): void {
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < m; i++) {
      const row = (b * m + i) * n;
      const from = (b * m + i) * k;
      let l = 0;
      for (; l + 4 <= k; l += 4) {
        const v0 = left[from + l]!;
        const v1 = left[from + l + 1]!;
        const v2 = left[from + l + 2]!;
        const v3 = left[from + l + 3]!;
        const r0 = (b * k + l) * n;
        const r1 = r0 + n;
        const r2 = r1 + n;
        const r3 = r2 + n;
        for (let j = 0; j < n; j++)
          out[row + j]! += v0 * right[r0 + j]! + v1 * right[r1 + j]! + v2 * right[r2 + j]! + v3 * right[r3 + j]!;
      }
      for (; l < k; l++) {
        const value = left[from + l]!;
        const column = (b * k + l) * n;
        for (let j = 0; j < n; j++) out[row + j]! += value * right[column + j]!;
      }
    }
}

/** The array with its axes in this order. */
function ordered(x: Operand, axes: readonly number[]): Data {
  if (axes.every((axis, i) => axis === i)) return x.data;
  const own = rowMajor(x.shape);
  const shape = axes.map((axis) => x.shape[axis]!);
  const out = allocate({ dtype: x.dtype, shape });
  read(x, { offset: 0, strides: axes.map((axis) => own[axis]!) }, shape, out);
  return out;
}
