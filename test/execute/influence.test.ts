import { cpSync } from "node:fs";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { reference } from "../../src/backend/reference.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import type { RunEvent } from "../../src/execute/events.ts";
import type { Setting } from "../../src/execute/setting.ts";
import { hessianOf, lossGradient, model, rowsOf, run, STRENGTH, solve } from "./pooled-digits.ts";
import { folder } from "./run-program.ts";

/** Two layers: its Hessian is indefinite where so little is learned. */
const deep = `
let digits = glyphs(n: 40, seed: 1, image: f32[8, 8, 1])
network N(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(2x2) |> flatten |> dense(4) |> tanh |> dense(10)
train model { network: N, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.5), batch: 20, epochs: 20 }
`;
const asked = (fields: string, name = "blame") =>
  `influence ${name} { model: model, test: digits.test |> take(2), ${fields} }\n`;

/** s = H⁻¹ ∇L(test), H by central differences of the gradient; scores s · ∇L(train) / n. */
const byHand = (w: Float64Array, train: Dataset, test: Dataset): readonly number[] => {
  const examples = rowsOf(train);
  const n = examples.length;
  const hessian = hessianOf(w, examples);
  const gradients = examples.map(({ x, label }) => lossGradient(w, x, label));
  return rowsOf(test)
    .slice(0, 2)
    .flatMap(({ x, label }) => {
      const s = solve(hessian, lossGradient(w, x, label));
      return gradients.map((g) => g.reduce((sum, value, i) => sum + value * s[i]!, 0) / n);
    });
};

describe("influence, from the program to the scores", () => {
  it("gives the scores of an exact Hessian made by finite differences", async () => {
    const { blame, parameters, outcome } = await run(model + asked("method: cg(tolerance: 1e-8)"));
    const w = Float64Array.from(Object.values(parameters)[0]!.data);
    const expected = byHand(w, outcome("digits.train").data!, outcome("digits.test").data!);
    expect(blame!.shape).toEqual([2, 40]);
    const largest = Math.max(...expected.map(Math.abs));
    const worst = Math.max(...blame!.data.map((score, i) => Math.abs(score - expected[i]!)));
    expect(worst).toBeLessThan(1e-6 * largest);
    expect(outcome("blame").figures.residual).toBeLessThan(1e-8);
  });

  it("takes what it has from the store, and solves for a new test example only", async () => {
    const store = folder();
    const arnoldi = "method: arnoldi(30, damping: 0.01)";
    await run(model + asked(arnoldi), store);
    const again = await run(model + asked(arnoldi), store);
    expect(again.summaries.blame!.status).toBe("cached");
    const other = await run(
      `${model}influence more { model: model, test: digits.test |> skip(2) |> take(1), ${arnoldi} }`,
      store,
    );
    const parts = (event: RunEvent["event"]) =>
      other.events.flatMap((e) => (e.event === event && "kind" in e && e.kind === "part" ? [e.step] : []));
    expect(parts("step.cached").length).toBeGreaterThan(0);
    expect(parts("step.started")).toEqual(["more/gradients"]);
  });

  it.each([
    [
      "cg",
      "cg(damping: auto, tolerance: 1e-3, precondition: ekfac)",
      ["eigenvalues", "factors"],
      ["gradients", "solve"],
    ],
    ["cg of a convex model", "cg()", ["eigenvalues"], ["gradients", "solve"]],
    ["arnoldi", "arnoldi(8, damping: 1)", ["basis"], ["gradients"]],
    ["nystrom", "nystrom(8, hessian: gauss_newton)", ["basis"], ["gradients"]],
    ["ekfac", "ekfac()", ["factors"], ["gradients"]],
    ["exact", "exact(damping: auto)", ["hessian"], ["gradients"]],
  ])("computes for a second query of %s nothing that belongs to the model", async (name, method, kept, made) => {
    const text = name === "cg of a convex model" ? model : deep;
    const store = folder();
    const parts = async (test: string) => {
      const { events, diagnostics, status } = await run(
        `${text}influence asked { model: model, test: digits.test |> ${test}, method: ${method} }`,
        store,
      );
      expect([status, diagnostics.filter(({ severity }) => severity === "error")]).toEqual(["done", []]);
      const of = (event: RunEvent["event"]) =>
        events.flatMap((e) => (e.event === event && "kind" in e && e.kind === "part" ? [e.step] : []));
      return { started: of("step.started"), cached: of("step.cached") };
    };
    const named = (names: readonly string[]) => names.map((part) => `asked/${part}`);
    expect((await parts("take(1)")).started).toEqual(expect.arrayContaining(named([...kept, ...made])));
    const { started, cached } = await parts("skip(2) |> take(1)");
    expect(started).toEqual(named(made));
    expect(cached).toEqual(expect.arrayContaining(named(kept)));
  });

  it("tells the effect of the regularizer's strength: the slope of retraining with another", async () => {
    const by = 1e-4;
    const at = (strength: number) => `l2(${strength})`;
    const other = (name: string, strength: number) => `
train ${name} = model with { regularize: ${at(strength)} }
evaluate loss_${name} { model: ${name}, data: digits.test |> take(2), metrics: [loss] }`;
    const { outcome, status } = await run(
      `${model}${asked("method: cg(tolerance: 1e-8)")}${other("more", STRENGTH + by)}${other("less", STRENGTH - by)}
      assert blame.strength_effect != 0`,
    );
    expect(status).toBe("done");
    const [more, less] = ["loss_more", "loss_less"].map((id) => Number(outcome(id).figures.loss));
    // Summed over the two test examples, as scores are.
    const slope = (2 * (more! - less!)) / (2 * by);
    const effect = Number(outcome("blame").figures.strength_effect);
    expect(Math.abs(effect - slope)).toBeLessThan(1e-4 * Math.abs(slope));
    const { strength_effect: each } = await Effect.runPromise(outcome("blame").arrays("summary"));
    expect(each!.data[0]! + each!.data[1]!).toBeCloseTo(effect, 12);
  });

  it("tells what it took, which enters neither its content nor a key", async () => {
    const text = model + asked("method: cg(tolerance: 1e-3)");
    const store = folder();
    const [here, there, again] = [await run(text, store), await run(text), await run(text, store)];
    const took = ({ summaries }: typeof here) => summaries.blame!.result;
    for (const { result, seconds } of [here.summaries.blame!, there.summaries.blame!]) {
      expect(result.peak_memory).toBeGreaterThan(2 ** 20);
      expect(result.seconds).toBe(seconds);
      expect(Number(result.solving_seconds) + Number(result.scoring_seconds)).toBeLessThanOrEqual(seconds + 0.01);
    }
    expect(took(again)).toEqual(took(here));
    expect(here.outcome("blame").figures).not.toHaveProperty("seconds");
    expect(there.outcome("blame").content).toBe(here.outcome("blame").content);
  });

  it("tells how a score is to be read, that of a pixel too", async () => {
    const { outcome } = await run(
      `${model}${asked("method: exact()")}${asked("method: exact(), of: input", "pixels")}`,
    );
    expect(outcome("blame").figures.sign).toBe("positive: removing the example raises the measure");
    expect(outcome("pixels").figures.sign).toBe(
      "positive: raising the number lowers the measure, by so much for each unit",
    );
  });

  it("scores the examples that are named, in their order", async () => {
    const { outcome, blame, ...rest } = await run(
      `${model}${asked("method: exact()")}
      influence part { model: model, test: digits.test |> take(2), train: digits.train |> skip(5) |> take(3), method: exact() }
      assert group(blame, blame |> most_harmful(4)) < 0
      train cleaned = model with { data: digits.train |> without(blame |> most_harmful(4)) }
      evaluate after { model: cleaned, data: digits.test, metrics: [loss] }`,
    );
    expect(rest.status).toBe("done");
    const totals = Array.from({ length: 40 }, (_, i) => blame!.data[i]! + blame!.data[40 + i]!);
    const order = totals.map((_, i) => i).sort((i, j) => totals[i]! - totals[j]!);
    expect([...outcome("cleaned.data/without/most_harmful").data!.index]).toEqual(order.slice(0, 4));
    const effect = [...rest.outcomes].find(([id]) => id.startsWith("group("))![1].figures.effect;
    expect(effect).toBeCloseTo(
      order.slice(0, 4).reduce((sum, i) => sum + totals[i]!, 0),
      12,
    );
  });

  it("assembles a Hessian of several slabs, each a part of its own", async () => {
    const wide = model.replace("|> avg_pool(2x2) ", "");
    const { scores, events, outcome } = await run(
      wide + asked("method: exact()") + asked("method: cg(tolerance: 1e-9)", "by_cg"),
    );
    const slabs = events.filter((e) => e.event === "step.started" && e.step === "blame/hessian");
    expect(slabs).toHaveLength(2);
    const [found, expected] = [await scores("blame", 2), await scores("by_cg", 2)];
    const largest = Math.max(...expected.data.map(Math.abs));
    for (const [i, score] of found.data.entries())
      expect(Math.abs(score - expected.data[i]!)).toBeLessThan(1e-6 * largest);
    expect(Number(outcome("blame").figures.residual)).toBeLessThan(1e-9);
  });

  it("keeps the best of the part that is scored, where `top` says so", async () => {
    const { blame, outcome, arrays } = await run(
      `${model}${asked("method: exact()")}
      influence some { model: model, test: digits.test |> take(2), train: digits.train |> skip(5) |> take(9), top: 3, method: exact() }
      influence votes = some with { method: grad_dot() }`,
    );
    const { helpful_index, helpful_score, harmful_index, harmful_score } = await arrays("some", "top");
    expect([helpful_index!.shape, outcome("some").figures.train, outcome("some").files]).toEqual([[2, 3], 9, {}]);
    for (const t of [0, 1]) {
      const own = Array.from({ length: 9 }, (_, i) => i + 5).map((i) => ({ i, score: blame!.data[40 * t + i]! }));
      const sorted = own.toSorted((a, b) => b.score - a.score);
      const row = (of: { readonly data: ArrayLike<number> }) => Array.from(of.data).slice(3 * t, 3 * t + 3);
      expect(row(helpful_index!)).toEqual(sorted.slice(0, 3).map(({ i }) => i));
      expect(row(harmful_index!)).toEqual(
        sorted
          .toReversed()
          .slice(0, 3)
          .map(({ i }) => i),
      );
      expect(row(helpful_score!)).toEqual(sorted.slice(0, 3).map(({ score }) => score));
      expect(row(harmful_score!)).toEqual(
        sorted
          .toReversed()
          .slice(0, 3)
          .map(({ score }) => score),
      );
    }
    const all = new Set((await arrays("votes", "top")).harmful_index!.data);
    expect([...all].every((i) => i >= 5 && i < 14)).toBe(true);
  });

  it("refuses an empty test set and examples that the model never saw", async () => {
    const codes = async (text: string) => (await run(text)).diagnostics.map(({ code }) => code);
    expect(
      await codes(`${model}influence none { model: model, test: digits.test |> take(0), method: exact() }`),
    ).toEqual(["MTT5651"]);
    const half = model.replace("data: digits.train", "data: digits.train |> take(20)");
    expect(
      await codes(
        `${half}influence other { model: model, test: digits.test, train: digits.train |> skip(30), method: exact() }`,
      ),
    ).toEqual(["MTT5652"]);
  });
});

describe("less memory", () => {
  /** The reference, and the most examples that a session of it was made for. */
  const watched = () => {
    const rows = { most: 0 };
    const open: typeof reference.open = (program, resident) => {
      for (const { type } of program.graph.inputs) {
        if (type.shape.length === 4) rows.most = Math.max(rows.most, type.shape[0]!);
      }
      return reference.open(program, resident);
    };
    return { rows, backend: { ...reference, open } };
  };
  const store = folder();

  it.each([
    ["influence", "blame", asked("method: cg(tolerance: 1e-8)")],
    ["an evaluation", "shown", "evaluate shown { model: model, data: digits.train }"],
    ["a prediction", "shown", "evaluate shown { model: model, data: digits.train |> where(loss(model) >= 0) }"],
  ])("means smaller batches for %s, under the same key and with the same answer", async (_, id, step) => {
    await run(model, store);
    const asking = async (setting: Partial<Setting>) => {
      const own = folder();
      cpSync(store, own, { recursive: true });
      const { rows, backend } = watched();
      const { outcome, blame } = await run(`${model}${step}`, own, { backend, ...setting });
      return { most: rows.most, scores: blame?.data ?? [], ...outcome(id) };
    };
    const [roomy, tight] = [await asking({}), await asking({ memory: id === "blame" ? 60_000 : 15_000 })];
    expect(roomy.most).toBeGreaterThanOrEqual(32);
    expect(tight.most).toBeLessThan(roomy.most / 2);
    expect([tight.key, tight.status]).toEqual([roomy.key, "ran"]);
    if (id === "shown") expect(tight.figures.loss).toBeCloseTo(Number(roomy.figures.loss), 12);
    else expect(roomy.scores.length).toBeGreaterThan(0);
    const scale = Math.max(...roomy.scores.map(Math.abs));
    tight.scores.forEach((score, i) => {
      expect(Math.abs(score - roomy.scores[i]!)).toBeLessThan(1e-9 * scale);
    });
  });
});
