import { describe, expect, it } from "vitest";
import { compile } from "../../src/compile.ts";
import { buildNetwork, type NetworkBuild } from "../../src/elaborate/built-network.ts";
import { canonical } from "../../src/ir/canonical.ts";
import { add, matmul, multiply, scalarLike, unary } from "../../src/ir/operations.ts";

const written = (text: string) => {
  const { networks, diagnostics } = compile("a.mtt", new Map([["a.mtt", text]]));
  expect(diagnostics).toEqual([]);
  return networks[0]!;
};

const same = (text: string, build: NetworkBuild<"image">, shape: readonly number[] = [12, 12, 1]) => {
  const built = buildNetwork("N", { image: shape }, build);
  const { training, inference, weights, states, results, fields } = written(text);
  expect(canonical(built.training)).toBe(canonical(training));
  expect(canonical(built.inference)).toBe(canonical(inference));
  expect(built).toMatchObject({ weights, states, results, fields });
};

describe("a network built in TypeScript", () => {
  it("is the graph that the same text has, dropout and running figures among it", () => {
    same(
      `network N(image: f32[12, 12, 1]) -> f32[3] =
         image |> conv(4, kernel: 3x5, stride: 2x1, pad: valid, init: he) |> batch_norm(momentum: 0.9) |> lrelu(0.1)
         |> max_pool(2x2) |> flatten |> dropout(keep: 0.5) |> dense(5, init: normal(0.2)) |> dropout(keep: 0.9) |> dense(3)`,
      (net, { image }) => {
        let x = net.layer("conv", image, {
          channels: 4,
          kernel: [3, 5],
          stride: [2, 1],
          pad: "valid",
          init: { kind: "he" },
        });
        x = net.layer("lrelu", net.layer("batch_norm", x, { momentum: 0.9 }), { slope: 0.1 });
        x = net.layer("dropout", net.layer("flatten", net.layer("max_pool", x, { size: 2 })), { keep: 0.5 });
        x = net.layer("dense", x, { units: 5, init: { kind: "normal", stddev: 0.2 } });
        return net.layer("dense", net.layer("dropout", x, { keep: 0.9 }), { units: 3 });
      },
    );
  });

  it("is made of operations where it says so", () => {
    same(
      `block own(x: f32[n], units: int) -> f32[units] {
         weight W: f32[n, units] ~ glorot
         weight b: f32[units] ~ constant(0.5)
         2 * tanh(x @ W + b)
       }
       network N(image: f32[6]) -> f32[4] = image |> own(4)`,
      ({ ops, weights }, { image }) => {
        const { W, b } = weights({
          W: { shape: [6, 4], init: { kind: "glorot" } },
          b: { shape: [4], init: { kind: "constant", value: 0.5 } },
        });
        const x = unary(ops, "tanh", add(ops, matmul(ops, image, W), b));
        return multiply(ops, scalarLike(ops, x, 2), x);
      },
      [6],
    );
  });

  it("keeps what is not trained: states without a rule, no dropout, running figures", () => {
    const { weights, states, training, inference } = buildNetwork("N", { image: [4, 4, 1] }, (net, { image }) => {
      let x = net.layer("conv", image, { channels: 2 }, { trained: false });
      x = net.layer("batch_norm", x, {}, { trained: false });
      x = net.layer("flatten", net.layer("dropout", x, { keep: 0.5 }, { trained: false }));
      return net.layer("dense", x, { units: 2 });
    });
    expect(weights.map(({ path }) => path)).toEqual(["layer2/W", "layer2/b"]);
    expect(states.map(({ path }) => path)).toEqual([
      "layer0/W",
      "layer0/b",
      "layer1/scale",
      "layer1/shift",
      "layer1/running_mean",
      "layer1/running_variance",
    ]);
    // After the result, the next states are the states: the inputs after the weights.
    expect(training.outputs.slice(1)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(training.nodes.map(({ op }) => op)).toEqual(inference.nodes.map(({ op }) => op));
  });

  it("says what does not fit, with the near miss", () => {
    const building = (build: NetworkBuild<"image">) => () => buildNetwork("N", { image: [12, 12, 1] }, build);
    expect(building((net, { image }) => net.layer("convv", image, { channels: 1 }))).toThrow("no block `convv`");
    const wrong: readonly [Parameters<Parameters<NetworkBuild<"image">>[0]["layer"]>[2], string][] = [
      [{ chanels: 3 }, "`conv` has no parameter `chanels`"],
      [{}, "`conv` needs `channels`"],
      [{ channels: 2.5 }, "`channels` of `conv` is of type int, and got 2.5"],
      [{ channels: 2, pad: "sam" }, '`pad` of `conv` is of type padding, and got "sam"'],
      [{ channels: 2, kernel: [3, 0] }, "`kernel` of `conv` is of type size, and got [3,0]"],
      [{ channels: 2, init: { kind: "normal", stddev: -1 } }, "`stddev` takes a number from 0, and got -1"],
      [{ channels: 2, kernel: 13, pad: "valid" }, "a window of 13 does not fit into the 12 places"],
    ];
    for (const [parameters, message] of wrong)
      expect(building((net, { image }) => net.layer("conv", image, parameters))).toThrow(message);
    expect(building((net, { image }) => net.layer("dense", image, { units: 1 }))).toThrow(
      "`dense` got [12, 12, 1] for `x`",
    );
    expect(building((net, { image }) => net.layer("concat", [image]))).toThrow("no block `concat`");
    expect(building((net, { image }) => net.layer("relu", [image, image]))).toThrow(
      "`relu` takes 1 tensors, and got 2",
    );
    expect(building(({ ops }, { image }) => matmul(ops, image, image))).toThrow(/dot/);
    expect(
      building((net, { image }) => net.layer("dense", net.layer("flatten", image), { units: net.training ? 2 : 3 })),
    ).toThrow("other weights in training than afterwards");
  });
});
