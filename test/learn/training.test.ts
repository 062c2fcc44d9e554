import { describe, expect, it } from "vitest";
import { define } from "../../src/ir/builder.ts";
import { divide, scalar } from "../../src/ir/operations.ts";
import { evaluate } from "../../src/learn/metrics.ts";
import { train } from "../../src/learn/training.ts";
import { AlgorithmFailure, type Checkpoint } from "../../src/plan/algorithm.ts";
import type { Training } from "../../src/plan/training.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { type Columns, drive } from "./drive.ts";
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

const adam = { kind: "adam", rate: { kind: "constant", rate: 0.05 }, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 } as const;

/** As a store would keep it: figures through text. */
const kept = ({ arrays, figures }: Checkpoint): Checkpoint => ({
  arrays,
  figures: JSON.parse(JSON.stringify(figures)),
});

const failureOf = (run: () => unknown): AlgorithmFailure => {
  try {
    run();
  } catch (error) {
    if (error instanceof AlgorithmFailure) return error;
    throw error;
  }
  throw new Error("it did not fail");
};

describe("training", () => {
  it("converges to the closed form of least squares", () => {
    // y = 2 x0 - 3 x1 + 0.5, without noise: the minimum is the rule itself.
    const { x } = classes(12, 2, 2, "f64");
    const y = Float64Array.from({ length: 12 }, (_, i) => 2 * x!.data[2 * i]! - 3 * x!.data[2 * i + 1]! + 0.5);
    const data: Columns = { x: x!, y: tensor("f64", [12, 1], y) };
    const of = training({
      network: linear(2, 1),
      loss: squaredError(1),
      optimizer: sgd(0.05),
      batch: 5,
      length: { epochs: 150 },
    });
    const { result, open } = drive(train(of, { n: 12 }), data);
    const [w, b] = [values(result.parameters["layer0/W"]), values(result.parameters["layer0/b"])];
    expect(w[0]).toBeCloseTo(2, 8);
    expect(w[1]).toBeCloseTo(-3, 8);
    expect(b[0]).toBeCloseTo(0.5, 8);
    expect(open).toBe(0);
  });

  it("converges to the ridge solution, the regularizer in the objective", () => {
    // One feature, no batch noise: w = mean(x y) / (mean(x²) + a / 2) with loss (w x - y)² and a / 2 w², b kept out by `only`.
    const x = [1, -1, 2, -2];
    const y = [3, -3, 5, -5];
    const data: Columns = { x: tensor("f64", [4, 1], x), y: tensor("f64", [4, 1], y) };
    const of = training({
      network: linear(1, 1),
      loss: squaredError(1),
      optimizer: sgd(0.05),
      regularize: { kind: "l2", strength: 1, only: "W" },
      length: { epochs: 400 },
    });
    const { result } = drive(train(of, { n: 4 }), data);
    expect(values(result.parameters["layer0/W"])[0]).toBeCloseTo((1 * 3 + 2 * 5) / 2 / (2.5 + 0.5), 10);
    expect(values(result.parameters["layer0/b"])[0]).toBeCloseTo(0, 10);
  });

  it("visits every example once an epoch, in a fresh order", () => {
    const of = training({ network: linear(3, 3), loss: crossEntropy(3), optimizer: sgd(0.1), length: { epochs: 2 } });
    const algorithm = train(of, { n: 10 });
    const epochs: number[][] = [[], []];
    let runs = 0;
    const data = classes(10, 3, 3, "f64");
    const spied = (function* () {
      let next = algorithm.next(undefined);
      while (!next.done) {
        const command = next.value;
        if (command.do === "run" && command.rows !== undefined) {
          const count = command.feeds[1]!.data[0]!;
          epochs[Math.floor(runs++ / 3)]!.push(...command.rows.at.slice(0, count));
        }
        next = algorithm.next(yield command);
      }
      return next.value;
    })();
    drive(spied, data);
    const sorted = (order: readonly number[]) => [...order].sort((a, b) => a - b);
    expect(sorted(epochs[0]!)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(sorted(epochs[1]!)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(epochs[0]).not.toEqual(epochs[1]);
  });

  it("says the loss, accuracy and progress of every epoch", () => {
    const of = training({ network: linear(3, 3), loss: crossEntropy(3), optimizer: adam, length: { epochs: 20 } });
    const { result, progress } = drive(train(of, { n: 30 }), classes(30, 3, 3, "f64"));
    const { history } = result.figures;
    expect(history).toHaveLength(20);
    expect(history[19]!.loss).toBeLessThan(history[0]!.loss);
    expect(history[19]!.accuracy).toBeGreaterThan(0.6);
    const epochs = progress.filter(({ figures }) => figures.accuracy !== undefined);
    expect(epochs.map(({ figures }) => figures.epoch)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(epochs[19]!.figures).toMatchObject({ epochs: 20, loss: history[19]!.loss, accuracy: history[19]!.accuracy });
    expect(epochs[19]!.fraction).toBe(1);
  });

  it.each([
    ["dropout", dropoutNet(3, 8, 3)],
    ["batch norm", batchNormNet(3, 3)],
  ])("resumed from any checkpoint ends in the same bytes: %s", (_, network) => {
    const of = (epochs: number): Training =>
      training({ network, loss: crossEntropy(3), optimizer: adam, length: { epochs }, precision: "f32" });
    const data = classes(10, 3, 3);
    const whole = drive(train(of(5), { n: 10 }), data);
    expect(whole.checkpoints.map(({ at }) => at)).toEqual([1, 2, 3, 4, 5]);
    for (const { state } of whole.checkpoints.slice(0, 4)) {
      const resumed = drive(train(of(5), { n: 10 }, { checkpoint: kept(state) }), data);
      expect(resumed.result).toEqual(whole.result);
    }
    const shorter = drive(train(of(3), { n: 10 }), data);
    expect(shorter.result.state).toEqual(whole.checkpoints[2]!.state);
  });

  it("in steps stops inside an epoch and goes on from there to the same bytes", () => {
    const of = (steps: number): Training =>
      training({
        network: dropoutNet(3, 8, 3),
        loss: crossEntropy(3),
        optimizer: adam,
        length: { steps },
        precision: "f32",
      });
    const data = classes(10, 3, 3);
    const whole = drive(train(of(8), { n: 10 }), data);
    const part = drive(train(of(4), { n: 10 }), data);
    expect(part.result.at).toBe(4);
    const { epochs, steps, history } = part.result.figures;
    expect([epochs, steps, history.length]).toEqual([1, 4, 1]);
    const rest = drive(train(of(8), { n: 10 }, { checkpoint: kept(part.result.state) }), data);
    expect(rest.result).toEqual(whole.result);
    expect(rest.counts.run).toBe(4);
  });

  it("starts from given parameters, and with 0 epochs only loads them", () => {
    const given = { "layer0/W": tensor("f32", [2, 1], [0.1, 2]), "layer0/b": tensor("f32", [1], [3]) };
    const of = training({ network: linear(2, 1), loss: squaredError(1), optimizer: sgd(0.1), length: { epochs: 0 } });
    const { result, counts } = drive(train(of, { n: 0 }, { parameters: given }));
    expect(values(result.parameters["layer0/W"])).toEqual([0.1, 2]);
    expect(result.parameters["layer0/b"]!.dtype).toBe("f64");
    expect(result.at).toBe(0);
    expect(counts.open).toBe(0);
  });

  it("refuses a batch larger than the data, and weights of another network", () => {
    const of = training({ network: linear(3, 3), loss: crossEntropy(3), optimizer: sgd(0.1), batch: 16 });
    const small = failureOf(() => drive(train(of, { n: 10 }), classes(10, 3, 3)));
    expect(small.code).toBe("MTT5201");
    expect(small.message).toBe("a batch has 16 examples, and the data has 10");
    const wrong = { "layer0/W": tensor("f32", [2, 3], new Float32Array(6)) };
    const misfit = failureOf(() => drive(train(of, { n: 20 }, { parameters: wrong }), classes(20, 3, 3)));
    expect(misfit.code).toBe("MTT5203");
    expect(misfit.message).toContain("`parameters/layer0/W` should be [3, 3], and it is [2, 3]");
  });

  it("checkpoints every so many epochs and at the end", () => {
    const of = training({
      network: linear(3, 3),
      loss: crossEntropy(3),
      optimizer: sgd(0.1),
      length: { epochs: 7 },
      checkpointEvery: 3,
    });
    expect(drive(train(of, { n: 8 }), classes(8, 3, 3, "f64")).checkpoints.map(({ at }) => at)).toEqual([3, 6, 7]);
  });

  describe("with early stopping", () => {
    // A rate that overshoots from some epoch on: the validation loss falls, then rises.
    const rate = {
      kind: "piecewise",
      points: [
        [0, 0.1],
        [9, -0.5],
      ],
    } as const;
    const of = (restore: boolean): Training =>
      training({
        network: linear(3, 3),
        loss: crossEntropy(3),
        optimizer: { kind: "sgd", rate },
        length: { epochs: 30 },
        validate: true,
        earlyStop: { patience: 2, delta: 0, restore },
      });
    const data = [classes(12, 3, 3, "f64"), classes(20, 3, 3, "f64")] as const;

    it("stops when the validation loss no longer improves", () => {
      const { result } = drive(train(of(false), { n: 12, validation: 20 }), ...data);
      const losses = result.figures.history.map(({ validation_loss }) => validation_loss!);
      expect(result.figures.best!.epoch).toBe(3);
      expect(result.figures.epochs).toBe(5);
      expect(result.figures.stopped).toBe(true);
      expect(losses[2]).toBe(Math.min(...losses));
      const best = drive(train({ ...of(false), length: { epochs: 3 } }, { n: 12, validation: 20 }), ...data);
      const metrics = [
        { kind: "loss", name: "loss" },
        { kind: "accuracy", name: "accuracy" },
      ] as const;
      const found = drive(evaluate(linear(3, 3), best.result.parameters, crossEntropy(3), metrics, 20), data[1]).result;
      expect(result.figures.history[2]!.validation_loss).toBe(found.metrics.loss);
      expect(result.figures.history[2]!.validation_accuracy).toBe(found.metrics.accuracy);
    });

    it("restores the best epoch's parameters, also after a resume", () => {
      const { result, checkpoints } = drive(train(of(true), { n: 12, validation: 20 }), ...data);
      const best = drive(train({ ...of(true), length: { epochs: 3 } }, { n: 12, validation: 20 }), ...data);
      expect(result.parameters).toEqual(best.result.parameters);
      const resumed = drive(
        train(of(true), { n: 12, validation: 20 }, { checkpoint: kept(checkpoints[3]!.state) }),
        ...data,
      );
      expect(resumed.result).toEqual(result);
      const again = drive(train(of(true), { n: 12, validation: 20 }, { checkpoint: kept(result.state) }), ...data);
      expect(again.counts.run).toBe(0);
      expect(again.result).toEqual(result);
    });
  });

  it("names the operation that first gave a number that is not finite", () => {
    // (x W)² overflows once the weights have exploded: rate 10 multiplies the error by about -40 a step.
    const x = tensor("f64", [4, 1], [1, -1, 2, -2]);
    const data: Columns = { x, y: tensor("f64", [4, 1], [1, 1, 1, 1]) };
    const of = training({ network: linear(1, 1), loss: squaredError(1), optimizer: sgd(10), length: { epochs: 500 } });
    const failure = failureOf(() => drive(train(of, { n: 4 }), data));
    expect(failure.code).toBe("MTT5206");
    expect(failure.message).toMatch(
      /^training met a number that is not finite at step \d+, in epoch \d+; it came from (multiply|dot_general) to f64\[4(, 1)?\] in the forward pass, whose operands were -?\d/,
    );
    expect(failure.help).toMatch(/last good state is that after epoch \d+; try a rate below 10 or `clip/);
    const [epoch, good] = [/epoch (\d+)/.exec(failure.message)![1], /after epoch (\d+)/.exec(failure.help)![1]];
    expect(Number(good)).toBe(Number(epoch) - 1);
  });

  it("names a rate that is not finite", () => {
    // 0.1 / step, which begins with 0.
    const graph = define([["step", { dtype: "f32", shape: [] }]], (b, step) => [
      divide(b, scalar(b, "f32", 0.1), step!),
    ]);
    const optimizer = { kind: "sgd", rate: { kind: "block", graph } } as const;
    const of = training({ network: linear(3, 3), loss: crossEntropy(3), optimizer });
    expect(failureOf(() => drive(train(of, { n: 8 }), classes(8, 3, 3, "f64"))).help).toBe(
      "the rate at this step is Infinity: its schedule is given the step counted from 0, here 0",
    );
  });

  it("names data that is not finite", () => {
    const data = classes(8, 3, 3, "f64");
    data.x!.data[5] = Number.NaN;
    const of = training({ network: linear(3, 3), loss: crossEntropy(3), optimizer: sgd(0.1) });
    expect(failureOf(() => drive(train(of, { n: 8 }), data)).message).toContain(
      "it came from `x` of the example at 1, which holds it already",
    );
  });
});
