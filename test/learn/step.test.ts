import { describe, expect, it } from "vitest";
import { evaluate } from "../../src/ir/evaluate.ts";
import { initialParameters } from "../../src/learn/init.ts";
import { type BatchOf, trainingStep } from "../../src/learn/step.ts";
import type { Training } from "../../src/plan/training.ts";
import { type Tensor, tensor, zeros } from "../../src/shape/tensor.ts";
import type { Columns } from "./drive.ts";
import {
  batchNormNet,
  classes,
  crossEntropy,
  dropoutNet,
  linear,
  sgd,
  squaredError,
  training,
  values,
} from "./problems.ts";

/** Runs one step of a batch size on these rows of the data; the outputs by name, the answers last. */
const step = (of: Training, batch: number, data: Columns, rows: readonly number[], more: Partial<BatchOf> = {}) => {
  const made = trainingStep(of, batch);
  const at = Int32Array.from({ length: batch }, (_, i) => rows[Math.min(i, rows.length - 1)]!);
  const first = initialParameters(of.network, of.seed, of.precision);
  const resident = made.resident.map(
    ({ name, type }) => first[name.replace("parameters/", "")] ?? zeros(type.dtype, type.shape),
  );
  const fields = made.fields.map((name) => gather(data[name]!, at));
  const feeds = made.feeds({ epoch: 0, step: 0, at, count: rows.length, ...more });
  const outputs = evaluate(made.program.graph, [...resident, ...fields, ...feeds]);
  const named = Object.fromEntries(made.resident.map(({ name }, i) => [name, outputs[i]!]));
  return {
    named,
    before: first,
    loss: outputs[made.resident.length]!.data[0]!,
    hits: outputs[made.resident.length + 1]?.data[0],
  };
};

const gather = ({ dtype, shape, data }: Tensor, at: Int32Array): Tensor => {
  const size = data.length / shape[0]!;
  return tensor(
    dtype,
    [at.length, ...shape.slice(1)],
    [...at].flatMap((row) => [...data.subarray(row * size, (row + 1) * size)]),
  );
};

const close = (a: Tensor | undefined, b: readonly number[] | Tensor | undefined, within = 1e-12) => {
  const [x, y] = [values(a), b !== undefined && "dtype" in b ? values(b) : [...b!]];
  expect(x.length).toBe(y.length);
  x.forEach((value, i) => {
    expect(Math.abs(value - y[i]!)).toBeLessThan(within);
  });
};

describe("a training step", () => {
  // Two examples of two features; y = x W + b, squared error.
  const data: Columns = { x: tensor("f64", [2, 2], [1, 2, 3, -1]), y: tensor("f64", [2, 1], [1, 0]) };

  it("is the mathematics of least squares", () => {
    const of = training({ network: linear(2, 1), loss: squaredError(1), optimizer: sgd(0.1) });
    const { named, before, loss } = step(of, 2, data, [0, 1]);
    const [w0, w1] = values(before["layer0/W"]);
    const errors = [w0! + 2 * w1! - 1, 3 * w0! - w1!];
    expect(loss).toBeCloseTo((errors[0]! ** 2 + errors[1]! ** 2) / 2, 12);
    // d/dw = mean of 2 e x
    close(named["parameters/layer0/W"], [
      w0! - 0.1 * (errors[0]! + 3 * errors[1]!),
      w1! - 0.1 * (2 * errors[0]! - errors[1]!),
    ]);
    close(named["parameters/layer0/b"], [-0.1 * (errors[0]! + errors[1]!)]);
  });

  it("adds a w to the gradient for l2(a), of the weights it names only", () => {
    const plain = step(
      training({ network: linear(2, 1), loss: squaredError(1), optimizer: sgd(0.1) }),
      2,
      data,
      [0, 1],
    );
    const all = training({
      network: linear(2, 1),
      loss: squaredError(1),
      optimizer: sgd(0.1),
      regularize: { kind: "l2", strength: 0.5 },
      start: "init",
    });
    const some = { ...all, regularize: { kind: "l2", strength: 0.5, only: "b" } } as const;
    const w = values(plain.named["parameters/layer0/W"]);
    close(
      step(all, 2, data, [0, 1]).named["parameters/layer0/W"],
      w.map((v, i) => v - 0.1 * 0.5 * values(plain.before["layer0/W"])[i]!),
    );
    close(step(some, 2, data, [0, 1]).named["parameters/layer0/W"], w);
    expect(step(all, 2, data, [0, 1]).loss).toBe(plain.loss);
  });

  it("counts how many are right after it, with the new weights", () => {
    const examples = classes(6, 3, 3, "f64");
    const of = training({ network: linear(3, 3), loss: crossEntropy(3), optimizer: sgd(0.7) });
    const { named, hits } = step(of, 6, examples, [0, 1, 2, 3, 4, 5]);
    const [w, bias] = [values(named["parameters/layer0/W"]), values(named["parameters/layer0/b"])];
    const x = values(examples.x);
    const right = values(examples.label).filter((label, i) => {
      const scores = [0, 1, 2].map((c) => bias[c]! + [0, 1, 2].reduce((s, f) => s + x[3 * i + f]! * w[3 * f + c]!, 0));
      return scores.indexOf(Math.max(...scores)) === label;
    });
    expect(hits).toBe(right.length);
  });

  const nets = { dropout: dropoutNet(3, 8, 3), "batch norm": batchNormNet(3, 3), linear: linear(3, 3) };
  it.each(Object.entries(nets))("of a padded batch is that of a smaller one: %s", (_, network) => {
    const of = training({
      network,
      loss: crossEntropy(3),
      optimizer: { kind: "adam", rate: { kind: "constant", rate: 0.1 }, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    });
    const examples = classes(9, 3, 3, "f64");
    const small = step(of, 5, examples, [8, 3, 1, 4, 2]);
    const padded = step(of, 8, examples, [8, 3, 1, 4, 2]);
    expect(padded.loss).toBeCloseTo(small.loss, 14);
    expect(padded.hits).toBe(small.hits);
    for (const name of Object.keys(small.named)) close(padded.named[name], small.named[name]);
  });

  it.each(Object.entries(nets))("does not depend on what stands in the padding: %s", (_, network) => {
    const of = training({ network, loss: crossEntropy(3), optimizer: sgd(0.3) });
    const examples = classes(9, 3, 3, "f64");
    const made = trainingStep(of, 4);
    const first = initialParameters(network, of.seed, "f64");
    const resident = made.resident.map(({ name }) => first[name.replace("parameters/", "")]!);
    const run = (rows: readonly number[]) => {
      const at = Int32Array.from(rows);
      const fields = made.fields.map((name) => gather(examples[name]!, at));
      return evaluate(made.program.graph, [...resident, ...fields, ...made.feeds({ epoch: 1, step: 9, at, count: 2 })]);
    };
    expect(run([5, 6, 7, 8])).toEqual(run([5, 6, 0, 0]));
  });

  it("divides by all rows where one has weight 0", () => {
    const of = training({ network: linear(3, 3), loss: crossEntropy(3), optimizer: sgd(0.3) });
    const examples = classes(4, 3, 3, "f64");
    const without = step(of, 4, examples, [0, 1, 2, 3], { rowWeights: [1, 1, 0, 1] });
    const three = step(of, 3, examples, [0, 1, 3]);
    expect(without.loss).toBeCloseTo((three.loss * 3) / 4, 13);
    close(
      without.named["parameters/layer0/W"],
      values(three.named["parameters/layer0/W"]).map((w, i) => {
        const before = values(three.before["layer0/W"])[i]!;
        return before + ((w - before) * 3) / 4;
      }),
    );
  });

  it("drops out by seed, epoch, step and example", () => {
    const of = training({ network: dropoutNet(3, 8, 3), loss: crossEntropy(3), optimizer: sgd(0.3) });
    const examples = classes(9, 3, 3, "f64");
    const loss = (more: Partial<BatchOf>, rows = [0, 1, 2]) => step(of, 3, examples, rows, more).loss;
    expect(loss({ step: 1 })).toBe(loss({ step: 1 }));
    expect(loss({ step: 2 })).not.toBe(loss({ step: 1 }));
    expect(loss({ epoch: 1 })).not.toBe(loss({ epoch: 0 }));
    // An example has its mask wherever in the batch it stands.
    expect(loss({ step: 1 }, [2, 0, 1])).toBeCloseTo(loss({ step: 1 }, [0, 1, 2]), 14);
  });

  it("moves batch norm's state towards the batch's mean and variance", () => {
    const of = training({ network: batchNormNet(3, 2), loss: crossEntropy(2), optimizer: sgd(0) });
    const examples = classes(5, 3, 2, "f64");
    const { named, before } = step(of, 8, examples, [0, 1, 2, 3, 4]);
    const [x, w] = [values(examples.x), values(before["layer0/W"])];
    const h = [0, 1].map((c) =>
      [0, 1, 2, 3, 4].map((i) => [0, 1, 2].reduce((s, f) => s + x[3 * i + f]! * w[2 * f + c]!, 0)),
    );
    const mean = h.map((column) => column.reduce((a, b) => a + b) / 5);
    const variance = h.map((column, c) => column.reduce((a, b) => a + (b - mean[c]!) ** 2, 0) / 5);
    close(
      named["parameters/layer1/mean"],
      mean.map((m) => 0.1 * m),
    );
    close(
      named["parameters/layer1/variance"],
      variance.map((v) => 0.9 + 0.1 * v),
    );
  });

  it("draws no keys where nothing is random", () => {
    const of = training({ network: linear(3, 3), loss: crossEntropy(3), optimizer: sgd(0.3) });
    expect(trainingStep(of, 4).program.graph.inputs.map(({ name }) => name)).toEqual([
      "parameters/layer0/W",
      "parameters/layer0/b",
      "x",
      "label",
      "row_weights",
      "count",
      "rate",
    ]);
  });
});
