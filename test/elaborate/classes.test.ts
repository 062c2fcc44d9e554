import { describe, expect, it } from "vitest";
import { compileText, planOf, said, stepOf } from "./program.ts";

const data = `
let digits = glyphs(n: 40, seed: 1)
network Ten(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(7x7) |> flatten |> dense(10)
network One(image: f32[28, 28, 1]) -> f32[] = reduce_sum(image |> flatten |> dense(1))
network Again(image: f32[28, 28, 1]) -> f32[28, 28, 1] = reshape(image |> flatten |> dense(4) |> dense(784), [28, 28, 1])
train ten { network: Ten, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(rate: 0.1), epochs: 1 }
train one = ten with { network: One, data: digits.train |> map(label: label == 3), loss: binary_cross_entropy }
train again = ten with { network: Again, loss: mean_squared_error, target: image }
sweep rates = ten with { optimizer: sgd(each([0.1, 0.2])) }
evaluate compared { model: rates, data: digits.test }
let threes = digits.test |> map(label: label == 3)
`;
const of = (more: string) => said(compileText(`${data}${more}`)).filter((line) => !line.startsWith("MTT2015"));
const NONE = (what: string) => `\`${what}\` counts classes, and \`again\` tells none apart`;

describe("metrics and the classes of a model", () => {
  it("auc is of two classes", () => {
    expect(of("evaluate e { model: ten, data: digits.test, metrics: [accuracy, auc] }")).toEqual([
      'MTT4019 at "auc": `auc` is for two classes, and `ten` tells 10 apart',
    ]);
    expect(of("evaluate e { model: rates, data: digits.test, metrics: [auc] }")).toEqual([
      expect.stringContaining('MTT4019 at "auc"'),
    ]);
    expect(of("evaluate e { model: one, data: threes, metrics: [accuracy, auc, top(1)] }")).toEqual([]);
  });

  it("a model whose loss compares with no label has none to count", () => {
    for (const metric of ["accuracy", "auc", "top(2)"])
      expect(of(`evaluate e { model: again, data: digits.test, metrics: [loss, ${metric}] }`)).toEqual([
        `MTT4019 at "${metric}": ${NONE(metric.replace("(2)", ""))}`,
      ]);
    expect(of("evaluate e { model: again, data: digits.test }\nassert e.accuracy > again.accuracy")).toEqual([
      `MTT4019 at "accuracy": ${NONE("accuracy")}`,
    ]);
    expect(of("assert again.accuracy > 0.5")).toEqual([`MTT4019 at "accuracy": ${NONE("accuracy")}`]);
    expect(of("assert ten.accuracy > 0.5 and one.accuracy > 0.5 and again.loss < 1")).toEqual([]);
  });

  it("and is measured by its loss where nothing is asked for, though its data has labels", () => {
    const plan = planOf(
      `${data}evaluate e { model: again, data: digits.test }\nevaluate f { model: ten, data: digits.test }`,
    );
    const names = (id: string) => stepOf(plan, id, "evaluate").body.metrics.map(({ name }) => name);
    expect(names("e")).toEqual(["loss"]);
    expect(names("f")).toEqual(["accuracy", "loss"]);
  });

  it("a confusion is of one model with classes, a scatter of what was retrained", () => {
    expect(of("evaluate e { model: again, data: digits.test }\nreport r { show: [confusion(e)] }")).toEqual([
      `MTT4019 at "confusion(e)": ${NONE("confusion")}`,
    ]);
    expect(of("report r { show: [confusion(compared)] }")).toEqual([
      'MTT4015 at "confusion(compared)": `confusion` is of one model, and `compared` tells of the models of `rates`',
    ]);
    const noisy = `train noisy = ten with { data: digits.train |> with_label_noise(fraction: 0.1) }
      influence blame { model: noisy, test: self, method: grad_dot }
      validate found { influence: blame, by: mislabel_detection }
      report r { show: `;
    expect(of(`${noisy}[scatter(found)] }`)).toEqual([
      'MTT4015 at "scatter(found)": `found` ranks examples and retrains nothing: it has no points',
    ]);
    expect(of(`${noisy}[table(found.auc)] }`)).toEqual([]);
  });

  it("nor is the best of a sweep picked by an accuracy that no training has", () => {
    const sweep = "sweep others = again with { seed: each([1, 2]) }\nevaluate e { model: best(others, by:";
    expect(of(`${sweep} accuracy), data: digits.test }`)).toEqual([
      `MTT4019 at "accuracy": ${NONE("accuracy").replace("`again`", "`others/seed 1`")}`,
    ]);
    expect(of(`${sweep} loss), data: digits.test }`)).toEqual([]);
  });

  it("a network without weights has none that an example could change", () => {
    const none = `network None(image: f32[28, 28, 1]) -> f32[10] = reshape(image |> max_pool(28x28), [1]) + one_hot(convert(reduce_max(image), "i32"), 10)
      train none = ten with { network: None }
      influence i { model: none, test: digits.test |> take(2), method: `;
    expect(of(`${none}grad_dot }`)).toEqual([
      'MTT4015 at "none": `grad_dot` follows the weights that an example changed, and `None` has none',
    ]);
    expect(of(`${none}random(seed: 1) }`)).toEqual([]);
  });

  it("what a model says of an example's class is asked of logits", () => {
    const wide = `network Wide(image: f32[28, 28, 1]) -> f32[2, 5] = reshape(image |> flatten |> dense(10), [2, 5])
      block own(x: f32[2, 5], label: class[10]) -> f32[] = reduce_sum(x * x) + convert(label, "f32")
      train wide = ten with { network: Wide, loss: own }
      evaluate e { model: wide, data: digits.test |> where(`;
    for (const asked of ["predicted(wide)", "probability(wide)"])
      expect(of(`${wide}${asked} > 0) }`)).toEqual([
        `MTT3001 at "${asked}": ${asked}: the model \`wide\` gives f32[2, 5], and no class`,
      ]);
    expect(
      of("evaluate e { model: one, data: threes |> where(probability(one) < 0.9 and predicted(ten) == 3) }"),
    ).toEqual([]);
  });
});
