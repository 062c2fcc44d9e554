import { describe, expect, it } from "vitest";
import { verify } from "../../src/ir/verify.ts";
import { networkTable } from "../../src/plan/table.ts";
import { networkOf, results, shown } from "./program.ts";

const paths = (text: string): readonly string[] => {
  const { weights, states } = networkOf(text);
  return [...weights, ...states].map(({ path }) => path);
};

describe("a network's graphs", () => {
  it("compute what the text says: dense, then lrelu", () => {
    const { inference } = networkOf("network N(x: f32[2]) -> f32[2] = x |> dense(2) |> lrelu(0.5)");
    // W = [[1, 2], [3, 4]], b = [0.5, -20]: [1 + 6 + 0.5, 2 + 8 - 20] = [7.5, -10] -> [7.5, -5]
    expect(results(inference, [1, 2, 3, 4], [0.5, -20], [1, 2])).toEqual([[7.5, -5]]);
  });

  it("convolve as TensorFlow does: same padding puts the odd row at the end", () => {
    const { inference } = networkOf(
      "network N(image: f32[3, 3, 1]) -> f32[2, 2, 1] = image |> conv(1, kernel: 2x2, stride: 2x2)",
    );
    // Corners of [[1 2 3][4 5 6][7 8 9]] with a kernel of ones: 1+2+4+5, 3+6, 7+8, 9, plus the bias.
    expect(results(inference, [1, 1, 1, 1], [0.25], [1, 2, 3, 4, 5, 6, 7, 8, 9])).toEqual([[12.25, 9.25, 15.25, 9.25]]);
  });

  it("take static arguments, operators with broadcasting, dimension variables as ints", () => {
    const { inference } = networkOf(`
      let scale = 2 * 3
      block centered(x: f32[n], by: float = 1) -> f32[n] = (x - reduce_sum(x) / n) * by
      network N(x: f32[3]) -> f32[3] = x |> centered(by: scale)`);
    expect(results(inference, [1, 2, 6])).toEqual([[-12, -6, 18]]);
  });

  it("give a record's fields as results", () => {
    const { results: declared, inference } = networkOf(
      "network N(x: f32[2], y: f32[2]) -> { sum: f32[2], product: f32[] } = { sum: x + y, product: x @ y }",
    );
    expect(declared.map(({ name, type }) => `${name}: ${shown(type)}`)).toEqual(["sum: f32[2]", "product: f32[]"]);
    expect(results(inference, [1, 2], [3, 4])).toEqual([[4, 6], [11]]);
  });

  it("are two: training draws and updates, inference does neither", () => {
    const network = networkOf("network N(x: f32[4]) -> f32[4] = x |> dropout(keep: 0.5) |> dropout(keep: 0.5)");
    const draws = network.training.nodes.filter(({ op }) => op === "random_bits");
    expect(draws.map(({ params }) => params)).toEqual([
      { shape: [4], purpose: "dropout/0" },
      { shape: [4], purpose: "dropout/1" },
    ]);
    expect(network.training.inputs.map(({ name }) => name)).toEqual(["x", "key"]);
    expect(network.inference.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(network.inference.nodes).toEqual([]);
    // Of two draws, a value survives both or is zero, and is doubled by each.
    const [kept] = results(network.training, [1, 2, 3, 4], [7, 0, 0, 0]);
    kept!.forEach((value, i) => {
      expect([0, 4 * (i + 1)]).toContain(value);
    });
  });

  it("carry states by their rules while training: batch norm", () => {
    const network = networkOf("network N(x: f32[2]) -> f32[2] = x |> batch_norm(momentum: 0.75, epsilon: 0)");
    expect(network.states.map(({ path, init }) => [path, init])).toEqual([
      ["layer0/running_mean", { kind: "constant", value: 0 }],
      ["layer0/running_variance", { kind: "constant", value: 1 }],
    ]);
    // scale [2, 2], shift [1, 1], running mean [1, 2], running variance [4, 16]: (x - mean) / sd * 2 + 1.
    const inference = results(network.inference, [2, 2], [1, 1], [1, 2], [4, 16], [5, 6]);
    expect(inference).toEqual([[5, 3]]);
    expect(network.training.outputs.length).toBe(3);
    expect(network.training.nodes.filter(({ op }) => op === "batch_mean").length).toBe(2);
  });

  it("hold the laws of graphs", () => {
    const network = networkOf("network N(image: f32[8, 8, 3]) -> f32[10] = image |> residual |> flatten |> dense(10)");
    for (const graph of [network.training, network.inference, network.stages!.graph]) expect(verify(graph)).toEqual([]);
  });
});

describe("paths of weights", () => {
  it("number instances with weights in order of use", () => {
    expect(paths("network N(x: f32[4]) -> f32[2] = x |> relu |> dense(3) |> lrelu |> dense(2)")).toEqual([
      "layer0/W",
      "layer0/b",
      "layer1/W",
      "layer1/b",
    ]);
  });

  it("give the layers inside of a block numbers of their own", () => {
    expect(
      paths(`
      block two(x: f32[n]) -> f32[n] = x |> linear(n) |> linear(n)
      network N(x: f32[4]) -> f32[4] = x |> two |> linear(4)`),
    ).toEqual(["layer0/W", "layer1/W", "layer2/W"]);
  });

  it("count a let of a layer once: its uses share weights", () => {
    const text = `
      let outer = linear(4)
      network N(x: f32[4]) -> f32[4] {
        let inner = linear(4)
        x |> outer |> inner |> inner |> outer
      }`;
    expect(paths(text)).toEqual(["layer0/W", "layer1/W"]);
    const shift = [0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0];
    const double = [2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 2];
    // Two shifts and two doublings.
    expect(results(networkOf(text).inference, shift, double, [1, 2, 3, 4])).toEqual([[12, 16, 4, 8]]);
  });

  it("share what a layer value's own body makes", () => {
    expect(
      paths(`
      block two(x: f32[n]) -> f32[n] { let l = linear(n)
        x |> l |> l |> linear(n) }
      network N(x: f32[4]) -> f32[4] { let both = two()
        x |> both |> both }`),
    ).toEqual(["layer0/W", "layer1/W"]);
  });

  it("make new instances in repeat and sequence, and of a block's bare name", () => {
    expect(paths("network N(x: f32[4]) -> f32[4] = x |> repeat(3, linear(4))")).toHaveLength(3);
    expect(paths("network N(x: f32[4]) -> f32[4] { let l = linear(4)\n x |> sequence([l, relu, l]) }")).toHaveLength(2);
    expect(
      paths(`
      block wide(x: f32[n]) -> f32[n] = x |> linear(n)
      block twice(x: f32[n], f: block) -> f32[n] = x |> f |> f
      network N(x: f32[4]) -> f32[4] = x |> twice(wide) |> twice(linear(4))`),
    ).toEqual(["layer0/W", "layer1/W", "layer2/W"]);
    expect(paths("network N(x: f32[4]) -> f32[4] { let r = repeat(2, linear(4))\n x |> r |> r }")).toHaveLength(2);
  });

  it("number a state's instance too, whether or not it has weights", () => {
    expect(
      paths(`
      block shifted(x: f32[n]) -> f32[n] { state mean: f32[n] ~ constant(0) <- 0.5 * mean + 0.5 * batch_mean(x)
        x - mean }
      network N(x: f32[4]) -> f32[2] = x |> shifted |> linear(2)`),
    ).toEqual(["layer1/W", "layer0/mean"]);
  });
});

describe("the table of a network", () => {
  it("has a row for each stage with what it adds, and the sums", () => {
    const rows = networkTable(
      networkOf(
        "network N(image: f32[8, 8, 1]) -> f32[10] = image |> conv(4, stride: 2x2) |> relu |> flatten |> dense(10)",
      ),
    );
    expect(
      rows.map(({ stage, output, weights, parameters }) => [stage, output, weights.join(" "), parameters]),
    ).toEqual([
      ["conv(4, stride: 2x2)", "f32[4, 4, 4]", "layer0/W layer0/b", 40],
      ["relu", "f32[4, 4, 4]", "", 0],
      ["flatten", "f32[64]", "", 0],
      ["dense(10)", "f32[10]", "layer1/W layer1/b", 650],
      ["total", "f32[10]", "layer0/W layer0/b layer1/W layer1/b", 690],
    ]);
    // 2 * 4 * 4 * 4 outputs * 9 taps, and 64 additions; 2 * 64 * 10, and 10 additions.
    expect(rows.map(({ flops }) => flops)).toEqual([1152 + 64, 64, 0, 1290, 1216 + 64 + 1290]);
    // Four bytes for each of 64 products and 64 sums, for 64 results of relu, for ten products and ten sums; nothing for another shape of the same values.
    expect(rows.map(({ activations }) => activations)).toEqual([512, 256, 0, 80, 848]);
  });

  it("counts as activations what comes from the example, and not what is the same for all", () => {
    const [total] = networkTable(
      networkOf("network N(x: f32[8]) -> f32[8] { weight w: f32[8] ~ constant(1)\n x * (w * w + 2) }"),
    );
    expect(total).toMatchObject({ stage: "total", activations: 32 });
  });
});
