import { randomBits } from "../../src/random/random.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { f32, f64, i32 } from "./literals.ts";

const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
/** Worked out by hand. */
export const structureRows = {
  constant: [[{ value: f32([1, 2]) }, [], f32([1, 2])]],
  iota: [
    [
      { shape: [2, 3], axis: 1, dtype: "i32" },
      [],
      i32([
        [0, 1, 2],
        [0, 1, 2],
      ]),
    ],
    [
      { shape: [2, 3], axis: 0, dtype: "f32" },
      [],
      f32([
        [0, 0, 0],
        [1, 1, 1],
      ]),
    ],
  ],
  random_bits: [
    [
      { shape: [3], purpose: "keep" },
      [
        i32([
          [1, 2, 3, 4],
          [1, 2, 3, 5],
        ]),
      ],
      tensor("i32", [2, 3], [...randomBits([1, 2, 3, 4], "keep", 3), ...randomBits([1, 2, 3, 5], "keep", 3)]),
    ],
  ],
  broadcast_in_dim: [
    [
      { shape: [2, 3], dimensions: [0] },
      [f32([1, 2])],
      f32([
        [1, 1, 1],
        [2, 2, 2],
      ]),
    ],
    [
      { shape: [2, 3], dimensions: [0, 1] },
      [f32([[1], [2]])],
      f32([
        [1, 1, 1],
        [2, 2, 2],
      ]),
    ],
    [
      { shape: [2, 2], dimensions: [] },
      [f32(7)],
      f32([
        [7, 7],
        [7, 7],
      ]),
    ],
  ],
  reshape: [
    [
      { shape: [3, 2] },
      [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ],
      f32([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    ],
  ],
  transpose: [
    [
      { permutation: [1, 0] },
      [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ],
      f32([
        [1, 4],
        [2, 5],
        [3, 6],
      ]),
    ],
    [
      { permutation: [2, 0, 1] },
      [
        f32([
          [
            [1, 2],
            [3, 4],
          ],
        ]),
      ],
      f32([[[1, 3]], [[2, 4]]]),
    ],
  ],
  reverse: [
    [
      { dimensions: [1] },
      [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ],
      f32([
        [3, 2, 1],
        [6, 5, 4],
      ]),
    ],
  ],
  slice: [
    [
      { start: [0, 1], limit: [2, 4], strides: [1, 2] },
      [
        f32([
          [1, 2, 3, 4],
          [5, 6, 7, 8],
        ]),
      ],
      f32([
        [2, 4],
        [6, 8],
      ]),
    ],
  ],
  pad: [
    [{ low: [1], high: [2], interior: [1], value: -inf }, [f32([1, 2])], f32([-inf, 1, -inf, 2, -inf, -inf])],
    [
      { low: [0, 1], high: [1, 0], interior: [0, 0], value: 9 },
      [i32([[1], [2]])],
      i32([
        [9, 1],
        [9, 2],
        [9, 9],
      ]),
    ],
  ],
  concatenate: [
    [
      { dimension: 1 },
      [
        f32([[1], [2]]),
        f32([
          [3, 4],
          [5, 6],
        ]),
      ],
      f32([
        [1, 3, 4],
        [2, 5, 6],
      ]),
    ],
  ],
  reduce_sum: [
    [
      { dimensions: [0] },
      [
        f32([
          [1, 2],
          [3, 4],
        ]),
      ],
      f32([4, 6]),
    ],
    [
      { dimensions: [0, 2] },
      [
        f32([
          [
            [1, 2],
            [3, 4],
          ],
          [
            [5, 6],
            [7, 8],
          ],
        ]),
      ],
      f32([14, 22]),
    ],
    [{ dimensions: [0] }, [i32([2147483647, 1])], i32(-2147483648)],
  ],
  reduce_max: [
    [
      { dimensions: [1] },
      [
        f32([
          [1, 5],
          [nan, 4],
        ]),
      ],
      f32([5, nan]),
    ],
    [{ dimensions: [0] }, [tensor("f32", [0], [])], f32(-inf)],
  ],
  argmax: [
    [
      { dimension: 1 },
      [
        f32([
          [1, 5, 5],
          [7, 2, nan],
        ]),
      ],
      i32([1, 2]),
    ],
    [
      { dimension: 0 },
      [
        f32([
          [1, 5],
          [7, 2],
        ]),
      ],
      i32([1, 0]),
    ],
  ],
  cumulative_sum: [
    [
      { dimension: 1, reverse: false },
      [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ],
      f32([
        [1, 3, 6],
        [4, 9, 15],
      ]),
    ],
    [
      { dimension: 0, reverse: true },
      [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
      ],
      f32([
        [5, 7, 9],
        [4, 5, 6],
      ]),
    ],
  ],
  sort: [[{ dimension: 0 }, [f64([3, nan, -inf, 2])], f64([-inf, 2, 3, nan])]],
  argsort: [[{ dimension: 1 }, [i32([[2, 1, 2, 1]])], i32([[1, 3, 0, 2]])]],
  dot_general: [
    [
      { lhs_batch: [], rhs_batch: [], lhs_contracting: [1], rhs_contracting: [0] },
      [
        f32([
          [1, 2],
          [3, 4],
        ]),
        f32([
          [5, 6],
          [7, 8],
        ]),
      ],
      f32([
        [19, 22],
        [43, 50],
      ]),
    ],
    [
      { lhs_batch: [], rhs_batch: [], lhs_contracting: [0], rhs_contracting: [1] },
      [
        f32([
          [1, 2],
          [3, 4],
        ]),
        f32([
          [5, 6],
          [7, 8],
        ]),
      ],
      f32([
        [23, 31],
        [34, 46],
      ]),
    ],
    [
      { lhs_batch: [1], rhs_batch: [0], lhs_contracting: [0], rhs_contracting: [1] },
      [
        f32([
          [1, 2],
          [3, 4],
        ]),
        f32([
          [5, 6],
          [7, 8],
        ]),
      ],
      f32([23, 46]),
    ],
    [
      { lhs_batch: [], rhs_batch: [], lhs_contracting: [], rhs_contracting: [] },
      [f32([1, 2]), f32([3, 4])],
      f32([
        [3, 4],
        [6, 8],
      ]),
    ],
    [
      { lhs_batch: [], rhs_batch: [], lhs_contracting: [0], rhs_contracting: [0] },
      [i32([65537]), i32([65537])],
      i32(131073),
    ],
  ],
  gather: [
    [
      { axis: 0, batch_dims: 0 },
      [
        f32([
          [1, 2],
          [3, 4],
        ]),
        i32([1, 0, 2, -1]),
      ],
      f32([
        [3, 4],
        [1, 2],
        [0, 0],
        [0, 0],
      ]),
    ],
    [
      { axis: 1, batch_dims: 1 },
      [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
        i32([2, 0]),
      ],
      f32([3, 4]),
    ],
    [
      { axis: 1, batch_dims: 0 },
      [
        f32([
          [1, 2, 3],
          [4, 5, 6],
        ]),
        i32([[2], [0]]),
      ],
      f32([
        [[3], [1]],
        [[6], [4]],
      ]),
    ],
  ],
  scatter_add: [[{ axis: 0, batch_dims: 0, size: 3 }, [f32([1, 2, 4, 8]), i32([1, 1, 0, 3])], f32([4, 3, 0])]],
} as const;
