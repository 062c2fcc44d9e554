import type { DType } from "../shape/dtype.ts";
import { constructors, sizeOf, type Tensor } from "../shape/tensor.ts";

/**
 * A dense array in row-major order whose axes have names: `scores.at({ test: 0, train: 17 })`. Where positions of an axis stand for examples, `index`
 * has their indices in the source of the data.
 */
export class AxisArray<Axis extends string = string> implements Tensor {
  readonly axes: readonly Axis[];
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** All elements, the last axis fastest. */
  readonly data: Tensor["data"];
  readonly index: Readonly<Record<string, Int32Array>>;

  /** Throws RangeError where axes and shape do not have the same length. */
  constructor(axes: readonly Axis[], { dtype, shape, data }: Tensor, index: Readonly<Record<string, Int32Array>> = {}) {
    if (axes.length !== shape.length)
      throw new RangeError(`[${shape.join(", ")}] has ${shape.length} axes, and ${axes.length} are named`);
    this.axes = axes;
    this.dtype = dtype;
    this.shape = shape;
    this.data = data;
    this.index = index;
  }

  /** The number of positions along an axis. */
  size(axis: Axis): number {
    return this.shape[this.#axis(axis)]!;
  }

  /** One element, by its position along every axis. Throws RangeError for a position that is not there. */
  at(positions: Readonly<Record<Axis, number>>): number {
    let offset = 0;
    for (const [i, axis] of this.axes.entries())
      offset = offset * this.shape[i]! + this.#position(axis, positions[axis]);
    return this.data[offset]!;
  }

  /** A copy of what lies at one position of an axis, without that axis. */
  take<A extends Axis>(axis: A, position: number): AxisArray<Exclude<Axis, A>> {
    const at = this.#axis(axis);
    this.#position(axis, position);
    const inner = sizeOf(this.shape.slice(at + 1));
    const outer = sizeOf(this.shape.slice(0, at));
    const data = new constructors[this.dtype](outer * inner);
    for (let o = 0; o < outer; o++) {
      const start = (o * this.shape[at]! + position) * inner;
      data.set(this.data.subarray(start, start + inner), o * inner);
    }
    const isLeft = (name: Axis): name is Exclude<Axis, A> => name !== axis;
    const index = Object.fromEntries(Object.entries(this.index).filter(([name]) => name !== axis));
    return new AxisArray<Exclude<Axis, A>>(
      this.axes.filter(isLeft),
      { dtype: this.dtype, shape: this.shape.toSpliced(at, 1), data },
      index,
    );
  }

  /** Positions along the only axis, largest value first. Throws RangeError for an array of several axes. */
  ranked(): Int32Array {
    if (this.axes.length !== 1) throw new RangeError(`one axis can be ranked, and this has ${this.axes.join(", ")}`);
    return Int32Array.from(this.data.keys()).sort((a, b) => this.data[b]! - this.data[a]! || a - b);
  }

  #axis(axis: Axis): number {
    const at = this.axes.indexOf(axis);
    if (at < 0) throw new RangeError(`there is no axis ${axis}: the axes are ${this.axes.join(", ")}`);
    return at;
  }

  #position(axis: Axis, position: number): number {
    const size = this.size(axis);
    if (!(Number.isInteger(position) && position >= 0 && position < size))
      throw new RangeError(`${axis} has the positions 0 to ${size - 1}, and not ${position}`);
    return position;
  }
}
