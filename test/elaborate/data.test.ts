import { describe, expect, it } from "vitest";
import type { Step } from "../../src/plan/plan.ts";
import { planOf, results, stepOf } from "./program.ts";

const model = `
let digits = mnist()
network N(image: f32[28, 28, 1]) -> f32[10] = image |> flatten |> dense(10)
train model { network: N, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 1 }
`;

const line = ({ id, body, inputs, declared }: Step): string =>
  `${declared ? "" : "~"}${id} = ${body.kind === "query" ? body.operation.op : body.kind}(${inputs.join(", ")})`;

describe("data sets and queries", () => {
  it("are steps with ids made from their place, in an order that can run", () => {
    const plan = planOf(`${model}
      let few = digits.train |> where(label != 3) |> take(8)
      let halves = few |> split(at: 0.5)
      evaluate test { model: model, data: digits.test |> skip(3) |> without(digits.test |> sample(10)) }`);
    expect(plan.steps.map(line)).toEqual([
      "digits.train = data()",
      "digits.test = data()",
      "model = train(digits.train)",
      "~few/where = where(digits.train)",
      "few = take(few/where)",
      "~halves.first = split(few)",
      "~halves.rest = split(few)",
      "~test.data/skip = skip(digits.test)",
      "~test.data/without/sample = sample(digits.test)",
      "~test.data = without(test.data/skip, test.data/without/sample)",
      "test = evaluate(model, test.data)",
    ]);
    expect(plan.targets).toEqual(["test"]);
  });

  it("lower conditions to graphs of one example", () => {
    const plan = planOf(`${model}
      let odd = digits.train |> where(label == 7 and index >= 100 or reduce_max(image) < 0.5)`);
    const { body } = stepOf(plan, "odd", "query");
    if (body.operation.op !== "where") throw new Error("not a condition");
    const { graph, feeds } = body.operation;
    expect(feeds).toEqual([{ kind: "field", name: "label" }, { kind: "index" }, { kind: "field", name: "image" }]);
    const image = (of: number) => new Array<number>(784).fill(of);
    const holds = (label: number, index: number, pixel: number) =>
      results(graph, [label], [index], image(pixel))[0]![0];
    expect([holds(7, 100, 1), holds(7, 99, 1), holds(6, 100, 1), holds(6, 0, 0.25)]).toEqual([1, 0, 0, 1]);
  });

  it("ask models through predict steps, one for each model, measure and data set", () => {
    const plan = planOf(`${model}
      evaluate wrong { model: model, data: digits.test |> where(predicted(model) != label and loss(model) > 1.0) }
      evaluate right { model: model, data: digits.test |> where(predicted(model) == label) }`);
    expect(plan.steps.filter(({ body }) => body.kind === "predict").map(line)).toEqual([
      "~predicted(model, digits.test) = predict(model, digits.test)",
      "~loss(model, digits.test) = predict(model, digits.test)",
    ]);
    const { inputs, body } = stepOf(plan, "wrong.data", "query");
    expect(inputs).toEqual(["digits.test", "predicted(model, digits.test)", "loss(model, digits.test)"]);
    if (body.operation.op !== "where") throw new Error("not a condition");
    expect(body.operation.feeds).toEqual([
      { kind: "prediction", input: 1 },
      { kind: "field", name: "label" },
      { kind: "prediction", input: 2 },
    ]);
    const { measure } = stepOf(plan, "predicted(model, digits.test)", "predict").body;
    expect(results(measure.graph, [0, 1, 9, 2, 9, 0, 0, 0, 0, 0])).toEqual([[2]]);
  });

  it("give the probability of the predicted class, and the class of one logit", () => {
    const plan = planOf(`
      let data = csv("d.csv", fields: { x: f32[2], label: class[2] })
      network N(x: f32[2]) -> f32[] = reduce_sum(x |> dense(1))
      train m { network: N, data: data, loss: binary_cross_entropy, optimizer: sgd(0.1), epochs: 1 }
      let sure = data |> where(probability(m) > 0.75 and predicted(m) == 1)`);
    const graphOf = (name: string) => stepOf(plan, `${name}(m, data)`, "predict").body.measure.graph;
    const logit = Math.log(3);
    expect(results(graphOf("probability"), [logit])[0]![0]).toBeCloseTo(0.75, 6);
    expect(results(graphOf("probability"), [-logit])[0]![0]).toBeCloseTo(0.75, 6);
    expect([1, -1].map((x) => results(graphOf("predicted"), [x])[0]![0])).toEqual([1, 0]);
  });

  it("map fields one after another, all from the example as it was", () => {
    const plan = planOf(`${model}
      let changed = digits.train |> map(image: 1 - image, brightness: reduce_sum(image))`);
    const steps = plan.steps.filter(({ body }) => body.kind === "query");
    // brightness reads image, so image is replaced last.
    expect(steps.map(line)).toEqual([
      "~changed/map brightness = map(digits.train)",
      "changed = map(changed/map brightness)",
    ]);
    expect(stepOf(plan, "changed", "query").body.fields.map(({ name }) => name)).toEqual([
      "label",
      "brightness",
      "image",
    ]);
  });

  it("take what stands in for a source from it, part by part", () => {
    const plan = planOf("let digits = mnist(fallback: glyphs(n: 600, seed: 4))\nassert digits.test.count > 0");
    expect(plan.steps.map(({ body }) => (body.kind === "data" ? body.source : undefined))).toEqual([
      {
        kind: "mnist",
        part: "train",
        fallback: { kind: "glyphs", part: "train", n: 600, seed: 4, shape: [28, 28, 1] },
      },
      { kind: "mnist", part: "test", fallback: { kind: "glyphs", part: "test", n: 100, seed: 4, shape: [28, 28, 1] } },
      undefined,
    ]);
  });

  it("are shared by a step and those derived from it", () => {
    const plan = planOf(`${model}
      train small = model with { data: digits.train |> take(10) }
      train seeded = small with { seed: 2 }`);
    expect(stepOf(plan, "seeded", "train").inputs).toEqual(["small.data"]);
    expect(stepOf(plan, "seeded", "train").body.training.seed).toBe(2);
    expect(plan.targets).toEqual(["model", "small", "seeded"]);
  });
});
