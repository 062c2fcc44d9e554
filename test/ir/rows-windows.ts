import { f64 } from "./literals.ts";

const inf = Number.POSITIVE_INFINITY;
const image = f64([
  [
    [[1], [2], [3]],
    [[4], [5], [6]],
    [[7], [8], [9]],
  ],
]);
const ones = f64([
  [[[1]], [[1]]],
  [[[1]], [[1]]],
]);
const conv = { stride: [1, 1], dilation: [1, 1], padding: "valid", groups: 1 } as const;

/** Worked out by hand. */
export const windowRows = {
  conv2d: [
    [
      conv,
      [image, ones],
      f64([
        [
          [[12], [16]],
          [[24], [28]],
        ],
      ]),
    ],
    [
      { ...conv, padding: "same", stride: [2, 2] },
      [image, ones],
      f64([
        [
          [[12], [9]],
          [[15], [9]],
        ],
      ]),
    ],
    [{ ...conv, dilation: [2, 2] }, [image, ones], f64([[[[20]]]])],
    [{ ...conv, groups: 2 }, [f64([[[[2, 3]]]]), f64([[[[5, 7]]]])], f64([[[[10, 21]]]])],
  ],
  conv2d_input_gradient: [
    [
      { ...conv, input_size: [3, 3] },
      [
        f64([
          [
            [[1], [2]],
            [[3], [4]],
          ],
        ]),
        ones,
      ],
      f64([
        [
          [[1], [3], [2]],
          [[4], [10], [6]],
          [[3], [7], [4]],
        ],
      ]),
    ],
  ],
  conv2d_filter_gradient: [
    [
      { ...conv, kernel_size: [2, 2] },
      [
        image,
        f64([
          [
            [[1], [0]],
            [[0], [10]],
          ],
        ]),
      ],
      f64([
        [[[51]], [[62]]],
        [[[84]], [[95]]],
      ]),
    ],
  ],
  unfold: [
    [
      { kernel: [1, 2], stride: [2, 2], dilation: [1, 1], padding: "same", fill: -inf },
      [image],
      f64([
        [
          [[[[1], [2]]], [[[3], [-inf]]]],
          [[[[7], [8]]], [[[9], [-inf]]]],
        ],
      ]),
    ],
  ],
  fold: [
    [
      { kernel: [2, 2], stride: [1, 1], dilation: [1, 1], padding: "valid", input_size: [2, 3] },
      [
        f64([
          [
            [
              [
                [[1], [2]],
                [[3], [4]],
              ],
              [
                [[5], [6]],
                [[7], [8]],
              ],
            ],
          ],
        ]),
      ],
      f64([
        [
          [[1], [7], [6]],
          [[3], [11], [8]],
        ],
      ]),
    ],
  ],
} as const;
