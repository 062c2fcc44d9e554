import { describe, expect, it } from "vitest";
import { compileText, planOf, results, said, stepOf } from "./program.ts";

const labelled = `
let rows = csv("rows.csv", fields: { x: f32[2], label: class[3] })
network L(x: f32[2]) -> f32[3] = x |> dense(3)
train model { network: L, data: rows, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 2, seed: 4 }
`;
const two = `
let rows = csv("rows.csv", fields: { x: f32[2], label: class[2] })
network L(x: f32[2]) -> f32[] = reduce_sum(x |> dense(1))
train model { network: L, data: rows, loss: binary_cross_entropy, optimizer: sgd(0.1), epochs: 2 }
`;

const measured = (program: string, measure: string) =>
  stepOf(
    planOf(`${program}\ninfluence blame { model: model, test: rows |> take(2), measure: ${measure}, method: cg }`),
    "blame",
    "influence",
  ).body.influence.measure;

const value = (program: string, measure: string, ...inputs: readonly (readonly number[])[]) =>
  results(measured(program, measure).graph, ...inputs)[0]![0]!;

describe("what influence measures, against values by hand", () => {
  const logits = [1, 3, 2];

  it("the margin: the label's logit minus the largest other one", () => {
    expect(value(labelled, "margin", logits, [1])).toBe(1);
    expect(value(labelled, "margin", logits, [0])).toBe(-2);
    expect(measured(labelled, "margin").targets).toEqual(["label"]);
    expect(value(two, "margin", [0.5], [1])).toBe(0.5);
    expect(value(two, "margin", [0.5], [0])).toBe(-0.5);
  });

  it("a logit and a probability of a class", () => {
    expect(value(labelled, "logit(2)", logits)).toBe(2);
    const sum = Math.exp(1) + Math.exp(3) + Math.exp(2);
    expect(value(labelled, "probability(0)", logits)).toBeCloseTo(Math.exp(1) / sum, 6);
    expect(value(two, "logit(0)", [0.5])).toBe(-0.5);
    expect(value(two, "probability(1)", [0.5])).toBeCloseTo(1 / (1 + Math.exp(-0.5)), 6);
  });

  it("the loss where nothing is said, and a block of the program", () => {
    const gap = `block gap(logits: f32[k], label: class[k]) -> f32[] = reduce_sum(one_hot(label, k) * logits) - reduce_max(logits)`;
    expect(value(`${labelled}${gap}`, "gap", logits, [2])).toBe(-1);
    const plan = planOf(`${labelled}\ninfluence blame { model: model, test: rows, method: cg }`);
    expect(stepOf(plan, "blame", "influence").body.influence.measure.name).toBe("softmax_cross_entropy");
  });
});

describe("methods, as they are read", () => {
  const read = (method: string) =>
    stepOf(planOf(`${labelled}\ninfluence blame { model: model, test: rows, method: ${method} }`), "blame", "influence")
      .body.influence.method;

  it.each([
    ["exact()", { kind: "exact", damping: 0, hessian: "exact" }],
    ["exact(damping: auto, hessian: gauss_newton)", { damping: "auto", hessian: "gauss_newton" }],
    ["lissa(precondition: ekfac)", { kind: "lissa", precondition: "ekfac" }],
    ["lissa()", { damping: "auto", scale: "auto", depth: "auto", repeats: "auto", precondition: "none" }],
    ["nystrom(20)", { kind: "nystrom", rank: 20, damping: "auto", hessian: "exact" }],
    ["kfac()", { kind: "kfac", damping: "auto", seed: 0 }],
    ["ekfac(damping: 0.1, seed: 3, hessian: gauss_newton)", { kind: "ekfac", damping: 0.1, seed: 3 }],
  ])("%s", (method, wanted) => {
    expect(read(method)).toMatchObject(wanted);
  });

  it("have one curvature where they are made of factors", () => {
    expect(
      said(compileText(`${labelled}\ninfluence blame { model: model, test: rows, method: ekfac(hessian: exact) }`)),
    ).toEqual([expect.stringContaining("MTT3001")]);
  });
});

describe("what a program may not ask of influence", () => {
  const refusals = (text: string): readonly string[] => {
    const compiled = compileText(text);
    expect(compiled.plan).toBeUndefined();
    return said(compiled);
  };
  const asked = (fields: string, program = labelled) =>
    refusals(`${program}\ninfluence blame { model: model, ${fields} }`).map((line) => line.slice(0, 8));

  it("a measure without a derivative", () => {
    expect(
      refusals(`${labelled}
      block guess(logits: f32[k]) -> f32[] = reduce_max(floor(logits))
      influence blame { model: model, test: rows, measure: guess, method: cg }`).join(),
    ).toMatch(/MTT4011 at "guess": `guess` has no derivative/);
  });

  it("a class that is none, a layer that is none, a Hessian beyond the budget", () => {
    expect(asked("test: rows, measure: logit(3), method: cg()")).toEqual(["MTT4008 "]);
    expect(asked('test: rows, method: cg(), layers: ["layr0"]')).toEqual(["MTT4012 "]);
    // 6 k + 3 weights: the run's own limit is 8,689 of them.
    const wide = (k: number) => labelled.replace("x |> dense(3)", `x |> dense(${k}) |> dense(3)`);
    expect(asked("test: rows, method: exact()", wide(1600))).toEqual(["MTT4001 "]);
    const narrower = compileText(`${wide(1400)}\ninfluence blame { model: model, test: rows, method: exact() }`);
    expect(said(narrower)).toEqual([]);
    // As the run would refuse it: by the memory it may take.
    const query = "influence blame { model: model, test: rows, method: exact() }";
    const refusedWith = (k: number, memory: number) =>
      compileText(`${wide(k)}\n${query}`, {}, memory).diagnostics.map(({ code }) => code);
    expect(refusedWith(1400, 100 * 2 ** 20)).toEqual(["MTT4001"]);
    expect(refusedWith(1600, 2 ** 30)).toEqual([]);
  });

  it("examples of another source than the model's", () => {
    const glyphs = `
let digits = glyphs(n: 40, seed: 1, image: f32[4, 4, 1])
network N(image: f32[4, 4, 1]) -> f32[10] = image |> flatten |> linear(10)
train model { network: N, data: digits.train, loss: softmax_cross_entropy, optimizer: lbfgs() }`;
    expect(asked("test: digits.test, train: digits.test, method: cg()", glyphs)).toEqual(["MTT4013 "]);
    expect(asked("test: digits.test, method: tracin()", glyphs)).toEqual(["MTT4015 "]);
  });
});

describe("queries over scores", () => {
  it("are steps that read the scores, the data first", () => {
    const plan = planOf(`${labelled}
      influence blame { model: model, test: rows |> take(2), method: cg }
      train cleaned = model with { data: rows |> without(blame |> of_test(1) |> most_harmful(3)) }`);
    const step = stepOf(plan, "cleaned.data/without/most_harmful", "query");
    expect(step.inputs).toEqual(["rows", "blame"]);
    expect(step.body.operation).toEqual({ op: "most_harmful", n: 3, test: 1 });
    expect(plan.targets).toEqual(["cleaned"]);
  });

  it("read what they solve with for the effect of a group to second order, and refuse methods that do not solve", () => {
    const of = (fields: string, query: string) => `${labelled}
      influence blame { model: model, ${fields} }
      assert group(${query}, rows |> take(2), order: 2) > 0`;
    const plan = planOf(of("test: rows |> take(3), method: cg, top: 5", "blame |> of_test(1)"));
    const step = plan.steps.find(({ body }) => body.kind === "group")!;
    expect(step.inputs).toEqual(["model", "rows", "blame.test", "assert#1/group/take"]);
    expect(step.body).toMatchObject({ order: 2, test: 1, influence: { of: "example", method: { kind: "cg" } } });
    expect(said(compileText(of("test: rows, method: grad_dot", "blame"))).join()).toMatch(
      /MTT4015.*`grad_dot` solves for none/,
    );
    expect(said(compileText(of("test: self, method: cg", "blame"))).join()).toMatch(
      /MTT4015.*asks each example about itself/,
    );
    expect(said(compileText(of("test: rows, method: cg", "blame").replace("order: 2", "order: 3"))).join()).toMatch(
      /MTT4008/,
    );
  });

  it("correlate two ways: for all test examples, or for one of each", () => {
    const of = (a: string, b: string) => `${labelled}
      influence blame { model: model, test: rows |> take(3), method: cg }
      influence other = blame with { method: grad_dot }
      influence best = blame with { top: 2 }
      assert correlation(${a}, ${b}) > 0.5`;
    const plan = planOf(of("blame |> of_test(1)", "other |> of_test(2)"));
    const step = plan.steps.find(({ body }) => body.kind === "correlation")!;
    expect(step.inputs).toEqual(["blame", "other"]);
    expect(step.body).toEqual({ kind: "correlation", tests: [1, 2] });
    expect(said(compileText(of("blame", "other |> of_test(2)"))).join()).toMatch(/MTT4015.*one of the two/);
    expect(said(compileText(of("blame", "best"))).join()).toMatch(/MTT4015.*keeps 2 scores/);
  });

  it("ask more than is kept", () => {
    const compiled = compileText(`${labelled}
      influence blame { model: model, test: rows, method: cg, top: 5 }
      train cleaned = model with { data: rows |> without(blame |> most_harmful(3)) }`);
    expect(said(compiled).map((line) => line.slice(0, 7))).toEqual(["MTT4015"]);
    for (const of of ["blame", "blame.scores", "blame |> of_test(0)"])
      expect(
        said(
          compileText(`${labelled}
      influence blame { model: model, test: rows, method: cg, top: 5 }
      report shown { show: [histogram(${of})] }`),
        ).join(),
      ).toMatch(/MTT4015.*keeps 5 scores/);
  });

  it("an ensemble trains models of other seeds", () => {
    const plan = planOf(`${labelled}\ninfluence blame { model: model, test: rows, method: trak(models: 3) }`);
    expect(stepOf(plan, "blame", "influence").inputs).toEqual([
      "model",
      "rows",
      "rows",
      "model/seed 5",
      "model/seed 6",
    ]);
    expect(stepOf(plan, "model/seed 5", "train").body.training.seed).toBe(5);
  });
});

describe("what validation trains again", () => {
  const retrained = (network: string, input: string, by: string) => {
    const { validate } = stepOf(
      planOf(`
let rows = csv("rows.csv", fields: { x: ${input}, label: class[3] })
network L(x: ${input}) -> f32[3] = x |> ${network}
train model { network: L, data: rows, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 2, seed: 4 }
influence blame { model: model, test: rows |> take(2), method: cg() }
validate v { influence: blame, by: ${by} }`),
      "v",
      "validate",
    ).body;
    if (!("training" in validate)) throw new Error("nothing is trained");
    return validate.training;
  };

  it("is in f64 but for convolutions, and begins at the model where it is warm", () => {
    const warm = retrained("dense(3)", "f32[2]", "leave_one_out(count: 3)");
    expect([warm.precision, warm.start, warm.seed]).toEqual(["f64", "model", 4]);
    const cold = retrained("dense(3)", "f32[2]", "leave_one_out(count: 3, start: cold)");
    expect([cold.precision, cold.start]).toEqual(["f64", "init"]);
    expect(retrained("dense(3)", "f32[2]", "subset_retraining(count: 3, fraction: 0.5)").start).toBe("init");
    const conv = retrained("conv(3) |> global_avg_pool", "f32[4, 4, 1]", "leave_one_out(count: 3)");
    expect([conv.precision, conv.start]).toEqual(["f32", "model"]);
  });
});
