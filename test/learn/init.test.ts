import { describe, expect, it } from "vitest";
import { fans, initial, initialParameters } from "../../src/learn/init.ts";
import { toPrecision, withPrecision } from "../../src/learn/precision.ts";
import type { Init } from "../../src/plan/network.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { batchNormNet, linear, values } from "./problems.ts";

const draw = (init: Init, shape: readonly number[], number = 0, dtype: "f32" | "f64" = "f64") =>
  values(initial({ path: "layer0/W", type: { dtype: "f32", shape }, init }, 3, number, dtype));

const moments = (sample: readonly number[]) => {
  const mean = sample.reduce((a, b) => a + b) / sample.length;
  return { mean, deviation: Math.sqrt(sample.reduce((a, b) => a + (b - mean) ** 2, 0) / sample.length) };
};

describe("initial weights", () => {
  it("fans are of dense and convolution weights", () => {
    expect(fans([20, 30])).toEqual({ in: 20, out: 30 });
    expect(fans([3, 5, 8, 16])).toEqual({ in: 120, out: 240 });
    expect(fans([7])).toEqual({ in: 7, out: 7 });
    expect(fans([])).toEqual({ in: 1, out: 1 });
  });

  // Standard errors of 20,000 draws: 0.7 % of the deviation for the mean, 0.5 % for the deviation.
  const shape = [100, 200];
  it.each<[Init, number, number]>([
    [{ kind: "normal", stddev: 0.5 }, 0.5, Number.POSITIVE_INFINITY],
    [{ kind: "truncated_normal", stddev: 0.1 }, 0.1 * 0.87962566, 0.2],
    [{ kind: "uniform", low: -0.3, high: 0.3 }, 0.3 / Math.sqrt(3), 0.3],
    [{ kind: "glorot" }, Math.sqrt(2 / 300), Math.sqrt(6 / 300)],
    [{ kind: "he" }, Math.sqrt(2 / 100), Number.POSITIVE_INFINITY],
  ])("%j has its deviation and bounds", (init, expected, bound) => {
    const sample = draw(init, shape);
    const { mean, deviation } = moments(sample);
    expect(Math.abs(mean)).toBeLessThan(0.03 * expected);
    expect(Math.abs(deviation / expected - 1)).toBeLessThan(0.02);
    expect(Math.max(...sample.map(Math.abs))).toBeLessThanOrEqual(bound);
  });

  it("draws anew for every weight, and the same in both precisions", () => {
    expect(draw({ kind: "he" }, [4, 4], 1)).not.toEqual(draw({ kind: "he" }, [4, 4], 0));
    expect(draw({ kind: "he" }, [4, 4], 0, "f32")).toEqual(draw({ kind: "he" }, [4, 4]).map(Math.fround));
  });

  it("names weights and states by path", () => {
    const parameters = initialParameters(batchNormNet(3, 2), 0, "f32");
    expect(Object.keys(parameters)).toEqual(["layer0/W", "layer1/mean", "layer1/variance"]);
    expect(values(parameters["layer1/variance"])).toEqual([1, 1]);
  });
});

describe("precision", () => {
  it("turns 0.1 into 0.1, and every float of a graph", () => {
    expect(values(toPrecision(tensor("f32", [3], [0.1, 1 / 3, -2]), "f64"))).toEqual([0.1, 0.33333334, -2]);
    const { training } = linear(2, 2);
    const wide = withPrecision(training, "f64");
    expect(wide.inputs.map(({ type }) => type.dtype)).toEqual(["f64", "f64", "f64", "i32"]);
    expect(wide.nodes.every(({ type }) => type.dtype !== "f32")).toBe(true);
    expect(withPrecision(wide, "f32")).toEqual(training);
    expect(withPrecision(training, "f32")).toBe(training);
  });

  it("rounds back to what it was", () => {
    const single = tensor(
      "f32",
      [200],
      Float32Array.from({ length: 200 }, (_, i) => Math.sin(i) * 10 ** ((i % 30) - 15)),
    );
    expect(toPrecision(toPrecision(single, "f64"), "f32")).toEqual(single);
  });
});
