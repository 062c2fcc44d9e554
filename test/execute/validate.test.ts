import { describe, expect, it } from "vitest";
import type { RunEvent } from "../../src/execute/events.ts";
import { compileText, said } from "../elaborate/program.ts";
import { hessianOf, lossOf, model, objectiveGradient, rowsOf, run, solve } from "./pooled-digits.ts";
import { folder } from "./run-program.ts";

const blame = "influence blame { model: model, test: digits.test |> take(2), method: exact() }\n";
const own = "influence own { model: model, test: self, method: exact() }\n";

/** What the step has computed. */
const points = async (result: Awaited<ReturnType<typeof run>>, id: string, group = "points") =>
  Object.fromEntries(
    Object.entries(await result.arrays(id, group)).map(([name, { data }]) => [name, Array.from(data)]),
  );

/** Minimum of the objective with these weights of the examples: Newton's method with one Hessian of finite differences for all its steps. */
const minimum = (
  start: Float64Array,
  examples: ReturnType<typeof rowsOf>,
  weights: ArrayLike<number>,
): Float64Array => {
  const hessian = hessianOf(start, examples, weights);
  let w = start;
  for (;;) {
    const gradient = objectiveGradient(w, examples, weights);
    if (gradient.every((g) => Math.abs(g) < 1e-10)) return w;
    const step = solve(hessian, gradient);
    w = w.map((value, j) => value - step[j]!);
  }
};

/** The change of the loss of both test examples when these training examples have weight 0, by hand. */
const byHand = (result: Awaited<ReturnType<typeof run>>, removed: readonly number[]): readonly number[] => {
  const w = Float64Array.from(Object.values(result.parameters)[0]!.data);
  const examples = rowsOf(result.outcome("digits.train").data!);
  const tests = rowsOf(result.outcome("digits.test").data!).slice(0, 2);
  const without = minimum(
    w,
    examples,
    examples.map((_, i) => (removed.includes(i) ? 0 : 1)),
  );
  return tests.map(({ x, label }) => lossOf(without, x, label) - lossOf(w, x, label));
};

const parts = (events: readonly RunEvent[], event: "step.started" | "step.cached", of: string) =>
  events.flatMap((e) => (e.event === event && e.kind === "part" && e.step.startsWith(of) ? [e.step] : []));

describe("validate by leave_one_out", () => {
  it("retrains without each of the largest, as Newton's method by hand does", async () => {
    const result = await run(`${model}${blame}validate loo { influence: blame, by: leave_one_out(count: 4) }`);
    const { predicted, actual, removed } = await points(result, "loo");
    const totals = Array.from({ length: 40 }, (_, i) => result.blame!.data[i]! + result.blame!.data[40 + i]!);
    const order = totals.map((_, i) => i).sort((i, j) => Math.abs(totals[j]!) - Math.abs(totals[i]!));
    expect(removed).toEqual([...order.slice(0, 4), ...order.slice(0, 4)]);
    for (const [r, example] of order.slice(0, 4).entries()) {
      const expected = byHand(result, [example]);
      for (const t of [0, 1]) {
        expect(predicted![4 * t + r]).toBe(result.blame!.data[40 * t + example]);
        expect(Math.abs(actual![4 * t + r]! - expected[t]!)).toBeLessThan(2e-8);
      }
    }
    const { figures } = result.outcome("loo");
    expect(figures).toMatchObject({ retrained: 4, unconverged: 0, drift: 0 });
    expect(Number(figures.pearson)).toBeGreaterThan(0.99);
  });

  it("starts cold from drawn weights and comes to the same minimum", async () => {
    const result = await run(
      `${model}${blame}validate warm { influence: blame, by: leave_one_out(count: 3) }
      validate cold { influence: blame, by: leave_one_out(count: 3, start: cold) }`,
    );
    const [warm, cold] = [await points(result, "warm"), await points(result, "cold")];
    cold.actual!.forEach((change, i) => {
      expect(Math.abs(change - warm.actual![i]!)).toBeLessThan(2e-8);
    });
    const steps = (id: string) =>
      result.events.flatMap((e) =>
        e.event === "step.finished" && e.step.startsWith(`${id}/without`) ? [Number(e.result.steps)] : [],
      );
    expect(Math.max(...steps("warm"))).toBeLessThan(Math.min(...steps("cold")));
  });

  it("subtracts what training on changes by itself: nothing is left of an example without a gradient", async () => {
    // Trained little, so that training again from its end goes on; a blank image has no part in a gradient of weights without a bias.
    const unfinished = model
      .replace("data: digits.train", "data: blanked")
      .replace("lbfgs(tolerance: 1e-9)", "sgd(0.5), batch: 20, epochs: 2, precision: f64");
    const result = await run(
      `let blanked = digits.train |> map(image: select(index == 3, 0 * image, image))
      ${unfinished}${blame}validate loo { influence: blame, by: leave_one_out(count: 40, choose: spread) }
      train further = model with { start: model }
      evaluate before { model: model, data: digits.test |> take(2), metrics: [loss] }
      evaluate after = before with { model: further }`,
    );
    const { actual, predicted, removed } = await points(result, "loo");
    const blank = removed!.flatMap((example, i) => (example === 3 ? [i] : []));
    expect(blank).toHaveLength(2);
    for (const i of blank) expect([actual![i], predicted![i]]).toEqual([0, 0]);
    expect(actual!.filter((change) => change === 0)).toHaveLength(2);
    const [loss, gone] = ["before", "after"].map((id) => Number(result.outcome(id).figures.loss));
    const { drift } = result.outcome("loo").figures;
    expect(Number(drift)).toBeGreaterThanOrEqual(Math.abs(gone! - loss!) - 1e-12);
    expect(Number(drift)).toBeGreaterThan(1e-3);
  });

  it("measures each example's own loss for self-influence", async () => {
    const result = await run(
      `${model}${own}validate loo { influence: own, by: leave_one_out(count: 3, choose: spread) }`,
    );
    const { actual, removed } = await points(result, "loo");
    const w = Float64Array.from(Object.values(result.parameters)[0]!.data);
    const examples = rowsOf(result.outcome("digits.train").data!);
    for (const [i, at] of removed!.entries()) {
      const { x, label } = examples[at]!;
      const without = minimum(
        w,
        examples,
        examples.map((_, j) => (j === at ? 0 : 1)),
      );
      expect(Math.abs(actual![i]! - (lossOf(without, x, label) - lossOf(w, x, label)))).toBeLessThan(2e-8);
      expect(actual![i]).toBeGreaterThan(0);
    }
  });

  it("keeps each retraining by its own key: a larger count trains the rest, a renamed step none", async () => {
    const store = folder();
    const asking = (count: number, name: string) =>
      run(`${model}${blame}validate ${name} { influence: blame, by: leave_one_out(count: ${count}) }`, store);
    await asking(3, "loo");
    const more = await asking(5, "more");
    expect(parts(more.events, "step.cached", "more/")).toHaveLength(4);
    expect(parts(more.events, "step.started", "more/without")).toHaveLength(2);
    expect((await asking(5, "renamed")).summaries.renamed!.status).toBe("cached");
    const listed = more.events.flatMap((e) =>
      (e.event === "step.finished" || e.event === "step.cached") && e.step.startsWith("more/without") ? [e.result] : [],
    );
    expect(listed).toHaveLength(5);
    // Both came of one graph, and share its time.
    const took = more.events.flatMap((e) =>
      e.event === "step.finished" && e.step.startsWith("more/without") ? [e.seconds] : [],
    );
    expect(took[0]).toBeGreaterThan(0);
    expect(took[1]).toBe(took[0]);
    for (const { steps, parameters } of listed) {
      expect(steps).toBeTypeOf("number");
      expect(parameters).toMatch(/^[0-9a-f]{64}$/);
    }
  });
});

describe("validate by subset_retraining", () => {
  it("gives the examples outside of the subset weight 0, and predicts the sum of their scores", async () => {
    const result = await run(
      `${model}${blame}validate lds { influence: blame, by: subset_retraining(count: 3, fraction: 0.9, seed: 5) }`,
    );
    const { predicted, actual } = await points(result, "lds");
    const { figures } = result.outcome("lds");
    expect(figures).toMatchObject({ retrained: 3, unconverged: 0 });
    // The four that a subset lacks are those whose scores sum to what was predicted, and whose removal by hand does what was measured.
    const subsets = result.events.flatMap((e) =>
      e.event === "step.finished" && e.step.startsWith("lds/subset") ? [e.result.removed] : [],
    );
    expect(subsets).toEqual([4, 4, 4]);
    const { permutation } = await import("../../src/random/random.ts");
    for (let r = 0; r < 3; r++) {
      const removed = [...permutation(5, "subset", r, 40).subarray(36)];
      const expected = byHand(result, removed);
      for (const t of [0, 1]) {
        const sum = removed.reduce((total, i) => total + result.blame!.data[40 * t + i]!, 0);
        expect(predicted![3 * t + r]).toBeCloseTo(sum, 12);
        expect(Math.abs(actual![3 * t + r]! - expected[t]!)).toBeLessThan(5e-8);
      }
    }
  });
});

describe("validate by removal_curve", () => {
  it("removes ever more of the most harmful examples", async () => {
    const result = await run(
      `${model}${blame}validate curve { influence: blame, by: removal_curve(steps: [1, 2, 0.1]) }`,
    );
    const { removed, measure } = await points(result, "curve", "curve");
    expect(removed).toEqual([1, 2, 4]);
    const { actual } = await points(result, "curve");
    const totals = Array.from({ length: 40 }, (_, i) => result.blame!.data[i]! + result.blame!.data[40 + i]!);
    const order = totals.map((_, i) => i).sort((i, j) => totals[i]! - totals[j]!);
    for (const [r, count] of removed!.entries()) {
      const [a, b] = byHand(result, order.slice(0, count));
      expect(Math.abs(actual![r]! - (a! + b!) / 2)).toBeLessThan(5e-8);
    }
    expect(measure![2]).toBeLessThan(measure![0]!);
  });
});

describe("validate by mislabel_detection", () => {
  it("ranks labels that noise changed, by self-influence or by harm", async () => {
    const noisy = model.replace("data: digits.train", "data: digits.train |> with_label_noise(fraction: 0.1, seed: 2)");
    const result = await run(
      `${noisy}${blame}${own}validate by_self { influence: own, by: mislabel_detection() }
      validate by_harm { influence: blame, by: mislabel_detection }
      validate by_loss { influence: own, by: mislabel_detection(rank: loss) }
      evaluate seen { model: model, data: digits.train |> with_label_noise(fraction: 0.1, seed: 2), metrics: [loss] }`,
    );
    const flipped = result.outcome("model.data").data!.columns.get("label")!.flipped!;
    expect(flipped).toHaveLength(4);
    const totals = [...(await result.arrays("own", "summary")).totals!.data];
    let pairs = 0;
    for (const bad of flipped)
      for (const [i, total] of totals.entries())
        if (!flipped.includes(i)) pairs += totals[bad]! > total ? 1 : totals[bad] === total ? 0.5 : 0;
    const { figures } = result.outcome("by_self");
    expect(figures).toMatchObject({ changed: 4, count: 40 });
    expect(figures.auc).toBeCloseTo(pairs / (4 * 36), 12);
    const { checked, found } = await points(result, "by_self", "curve");
    expect([checked!.at(-1), found!.at(-1)]).toEqual([1, 1]);
    expect(figures.found).toBe(found![7]);
    // On held-out data a changed label does harm: the lowest scores are the most suspicious.
    const harm = Array.from({ length: 40 }, (_, i) => result.blame!.data[i]! + result.blame!.data[40 + i]!);
    const lower = flipped.reduce(
      (sum, bad) => sum + harm.filter((total, i) => !flipped.includes(i) && harm[bad]! < total).length,
      0,
    );
    expect(result.outcome("by_harm").figures.auc).toBeCloseTo(lower / (4 * 36), 12);
    expect(lower / (4 * 36)).not.toBeCloseTo(0.5, 2);
    const losses = [...(await result.arrays("seen", "examples")).losses!.data];
    const order = losses.map((_, i) => i).sort((a, b) => losses[b]! - losses[a]!);
    const curve = await points(result, "by_loss", "curve");
    expect(curve.found).toEqual(
      order.map((_, i) => order.slice(0, i + 1).filter((at) => flipped.includes(at)).length / 4),
    );
  });
});

describe("what cannot be validated", () => {
  const wrong = (text: string) => said(compileText(model + blame + own + text)).map((line) => line.split(": ")[0]);
  const by = (way: string, influence = "blame") => wrong(`validate v { influence: ${influence}, by: ${way} }`);

  it("is refused before anything runs", () => {
    expect(by("leave_one_out(count: 2)")[0]).toMatch(/^MTT4008 at "leave_one_out/);
    expect(by("removal_curve(steps: [1, 2])")[0]).toMatch(/^MTT4008/);
    expect(by("subset_retraining(count: 3, fraction: 1.0)")[0]).toMatch(/^MTT4008/);
    expect(by("subset_retraining(count: 3, fraction: 0.5)", "own")[0]).toMatch(/^MTT4015/);
    expect(by("removal_curve(steps: 3)", "own")[0]).toMatch(/^MTT4015/);
    expect(by("mislabel_detection()")[0]).toMatch(/^MTT4015/);
    expect(
      wrong(
        `train loaded = model with { epochs: 0 }
        influence of_loaded = blame with { model: loaded }
        validate v { influence: of_loaded, by: leave_one_out(count: 3) }`,
      )[0],
    ).toMatch(/^MTT4015/);
    expect(
      wrong(
        `influence part = blame with { train: digits.train |> take(20) }
        validate v { influence: part, by: subset_retraining(count: 3, fraction: 0.5) }`,
      )[0],
    ).toMatch(/^MTT4015/);
  });

  it("is a coded failure where only the data shows it", async () => {
    const codes = async (text: string) => (await run(model + blame + text)).diagnostics.map(({ code }) => code);
    const part = (n: number) => `influence part = blame with { train: digits.train |> take(${n}) }\n`;
    expect(await codes(`${part(2)}validate v { influence: part, by: leave_one_out(count: 3) }`)).toEqual(["MTT5654"]);
    expect(await codes(`${part(9)}validate v { influence: part, by: removal_curve(steps: [1, 2, 10]) }`)).toEqual([
      "MTT5654",
    ]);
    expect(await codes("validate v { influence: blame, by: removal_curve(steps: [0.001, 0.002, 0.003]) }")).toEqual([
      "MTT5654",
    ]);
    expect(await codes("validate v { influence: blame, by: subset_retraining(count: 3, fraction: 0.999) }")).toEqual([
      "MTT5654",
    ]);
  });
});
