import { constructors, sameShape, sizeOf, type Tensor, type TensorType } from "../shape/tensor.ts";

/** An array for an answer: the spent one where it is of that type, else a new one, which the engine fills. */
export const answerArray = (spent: Tensor | undefined, type: TensorType): Tensor =>
  fits(spent, type) ? spent : uninitialized(type);

/** An array that the engine is about to fill: zeroing large ones first takes as long as computing them. */
const uninitialized = ({ dtype, shape }: TensorType): Tensor => {
  const array = constructors[dtype];
  const size = sizeOf(shape);
  return {
    dtype,
    shape,
    data: new array(Buffer.allocUnsafeSlow(size * array.BYTES_PER_ELEMENT).buffer, 0, size),
  } as Tensor;
};

const fits = (value: Tensor | undefined, { dtype, shape }: TensorType): value is Tensor =>
  value !== undefined && value.dtype === dtype && value.data.length === sizeOf(shape) && sameShape(value.shape, shape);
