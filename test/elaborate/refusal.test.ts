import { describe, expect, it } from "vitest";
import { compileText, said } from "./program.ts";

/** What is said of a program that the checker lets pass. */
const refusals = (text: string): readonly string[] => {
  const compiled = compileText(text);
  expect(compiled.plan).toBeUndefined();
  return said(compiled);
};

const data = `
let digits = mnist()
network N(image: f32[28, 28, 1]) -> f32[10] = image |> flatten |> dense(10)
train model { network: N, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 1 }
`;

describe("what only elaboration can refuse", () => {
  it("weights larger than memory, with the size", () => {
    expect(refusals("network N(x: f32[100000]) -> f32[100000] = x |> dense(100000)")).toEqual([
      'MTT4001 at "dense(100000)": the weights of `N` would take 37.3 GiB with `layer0/W` of f32[100000, 100000], and at most 16 GiB are allowed',
    ]);
  });

  it("a window smaller than its kernel where sizes come from the data", () => {
    expect(
      refusals(`
      network N(image: f32[h, w, 1]) -> f32[10] = image |> conv(8, kernel: 9x9, pad: valid) |> global_avg_pool |> dense(10)
      train model {
        network: N
        data: idx(images: "i", labels: "l", image: f32[8, 8, 1], classes: 10)
        loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 1
      }`),
    ).toEqual([
      'MTT4002 at "conv(8, kernel: 9x9, pad: valid)": a window of 9 does not fit into the 8 places of axis 0',
    ]);
  });

  it("a state's rule that varies with the example", () => {
    const rule = (of: string) => `
      block center(x: f32[n]) -> f32[n] {
        state mean: f32[n] ~ constant(0) <- 0.9 * mean + 0.1 * ${of}
        x - mean
      }
      network N(x: f32[4]) -> f32[4] = x |> center`;
    expect(said(compileText(rule("batch_mean(x)")))).toEqual([]);
    expect(refusals(rule("x"))).toEqual([
      'MTT4003 at "0.9 * mean + 0.1 * x": a state\'s rule must not vary with the example, and this one does',
    ]);
  });

  it("random draws outside of training", () => {
    expect(
      refusals('network N(x: f32[4]) -> f32[4] = x * convert(random_bits(x, "noise"), "f32")').map((line) =>
        line.slice(0, 40),
      ),
    ).toEqual(['MTT4005 at "random_bits(x, \\"noise\\")": ']);
  });

  it("figures of a run where a value must be known before it", () => {
    expect(
      refusals(`${data}
      evaluate test { model: model, data: digits.test }
      evaluate few { model: model, data: digits.test |> where(loss(model) > test.loss) }`),
    ).toEqual(['MTT4006 at "test.loss": a figure of a run cannot enter a graph: it is known only after steps ran']);
  });

  it("numbers out of their range", () => {
    const train = (fields: string) => `${data} train other = model with { ${fields} }`;
    expect(refusals(train("optimizer: adam(0.1, beta1: 2)"))).toEqual([
      'MTT4008 at "2": `beta1` takes a number from 0 up to 1, and got 2',
    ]);
    // Where the argument stands, in a `let` too.
    expect(refusals(`${data} let mine = adam(0.1, beta1: 2)\n train other = model with { optimizer: mine }`)).toEqual([
      'MTT4008 at "2": `beta1` takes a number from 0 up to 1, and got 2',
    ]);
    expect(refusals(train("optimizer: sgd(step(0.1, every: 0, factor: 0.5))"))).toEqual([
      'MTT4008 at "0": `every` takes a whole number from 1, and got 0',
    ]);
    expect(refusals(train("optimizer: sgd(piecewise([[5, 0.1], [2, 0.01]]))"))).toEqual([
      'MTT4008 at "[[5, 0.1], [2, 0.01]]": the steps of `piecewise` begin with 0 and ascend',
    ]);
  });

  it("says each thing once, however many steps depend on it", () => {
    expect(
      refusals(`
      let digits = mnist()
      network N(image: f32[28, 28, 1]) -> f32[10] = image |> flatten |> dense(100000000) |> dense(10)
      train model { network: N, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 1 }
      evaluate test { model: model, data: digits.test }
      assert test.accuracy > 0.5`),
    ).toHaveLength(1);
  });
});
