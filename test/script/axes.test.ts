import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AxisArray } from "../../src/script/axes.ts";
import { sizeOf, tensor } from "../../src/shape/tensor.ts";

const counted = (shape: readonly number[]) =>
  tensor(
    "f64",
    shape,
    Array.from({ length: sizeOf(shape) }, (_, i) => i),
  );

describe("arrays with named axes", () => {
  it("take along any axis what single elements say", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        (a, b, c) => {
          const x = new AxisArray(["a", "b", "c"], counted([a, b, c]));
          for (let k = 0; k < b; k++) {
            const taken = x.take("b", k);
            expect(taken.axes).toEqual(["a", "c"]);
            for (let i = 0; i < a; i++)
              for (let j = 0; j < c; j++) {
                expect(taken.at({ a: i, c: j })).toBe((i * b + k) * c + j);
                expect(x.at({ a: i, b: k, c: j })).toBe((i * b + k) * c + j);
              }
          }
        },
      ),
    );
  });

  it("keep the indices of the axes that are left", () => {
    const x = new AxisArray(["test", "train"], counted([1, 3]), {
      test: Int32Array.of(7),
      train: Int32Array.of(5, 4, 9),
    });
    expect(x.take("test", 0).index).toEqual({ train: Int32Array.of(5, 4, 9) });
    expect([...x.take("test", 0).ranked()]).toEqual([2, 1, 0]);
  });

  it("refuse axes and positions that are not there", () => {
    const x = new AxisArray(["a", "b"], counted([2, 3]));
    expect(() => x.at({ a: 2, b: 0 })).toThrow("a has the positions 0 to 1, and not 2");
    expect(() => x.at({ a: 0, b: 0.5 })).toThrow("b has the positions 0 to 2, and not 0.5");
    expect(() => x.take("a", -1)).toThrow(RangeError);
    expect(() => x.ranked()).toThrow("one axis can be ranked, and this has a, b");
    expect(() => new AxisArray(["a"], counted([2, 3]))).toThrow("[2, 3] has 2 axes, and 1 are named");
  });
});
