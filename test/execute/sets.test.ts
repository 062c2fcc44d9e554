import { describe, expect, it } from "vitest";
import { runProgram } from "./run-program.ts";

const program = `
let digits = glyphs(n: 60, seed: 1, image: f32[8, 8, 1])
network N(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(2x2) |> flatten |> linear(10)
train classifier {
  network: N, data: digits.train, loss: softmax_cross_entropy
  optimizer: lbfgs(tolerance: 1e-6), regularize: l2(0.1)
}
influence blame { model: classifier, test: digits.test |> take(3), method: exact() }
influence own { model: classifier, test: self, method: exact() }
`;
const text = `${program}
let harmful = blame |> most_harmful(9)
let helpful = blame |> most_helpful(9)
let of_one = blame |> of_test(1) |> most_harmful(9)
let both = harmful |> intersect(of_one)
let either = harmful |> union(of_one)
let nothing = harmful |> intersect(helpful)
let rest = digits.train |> without(either)
let chosen = digits.train |> only(either) |> skip(1) |> take(3)
let mixed = blame |> of_test(0) |> most_helpful(4) |> union(own |> most_helpful(4)) |> where(label != 3 and index >= 2)
let left = digits.train |> where(predicted(classifier) == label) |> without(blame |> most_harmful(9) |> union(own |> most_helpful(5)))
train cleaned = classifier with { data: digits.train |> without(blame |> most_harmful(9) |> intersect(of_one)) }
train on_part = classifier with { data: digits.train |> only(helpful |> union(digits.train |> sample(20, seed: 1))) }
influence part { model: classifier, test: digits.test |> take(1), train: harmful |> union(helpful), method: exact() }
let worst = part |> most_harmful(2)
evaluate classified { model: classifier, data: digits.train }
evaluate after { model: cleaned, data: digits.test |> where(predicted(classifier) == predicted(cleaned)) }
assert (either |> count) + (both |> count) == 18 and nothing |> count == 0
assert group(blame, digits.train |> take(0)) == 0 and group(blame, digits.train |> take(0), order: 2) == 0
assert own |> most_helpful(3) |> without(own |> most_helpful(5)) |> count == 0
let same = harmful |> intersect(of_one)
assert both |> count >= 1
assert same |> count >= 1
`;

describe("sets of examples", () => {
  it("are made of queries, of rankings by influence and of each other, in training, influence and assertions", async () => {
    const { status, outcome, scores, arrays, diagnostics } = await runProgram(text);
    expect(diagnostics.map(({ message }) => message)).toEqual([]);
    expect(status).toBe("done");
    const of = (id: string): readonly number[] => [...outcome(id).data!.index];
    const all = of("digits.train");
    const { data, shape } = await scores("blame", 3);
    expect(shape).toEqual([3, 60]);
    const ranked = (values: readonly number[], sign: 1 | -1) =>
      values.map((_, i) => i).sort((a, b) => sign * (values[a]! - values[b]!) || a - b);
    const totals = all.map((i) => data[i]! + data[60 + i]! + data[120 + i]!);
    const selves = [...(await arrays("own", "summary")).totals!.data].map(Number);
    const [harmful, helpful] = [ranked(totals, 1).slice(0, 9), ranked(totals, -1).slice(0, 9)];
    const ofOne = ranked(data.slice(60, 120), 1).slice(0, 9);
    const mostSelf = (n: number) => ranked(selves, -1).slice(0, n);
    expect([of("harmful"), of("helpful"), of("of_one")]).toEqual([harmful, helpful, ofOne]);
    const either = new Set([...harmful, ...ofOne]);
    const both = harmful.filter((i) => ofOne.includes(i));
    expect(of("both")).toEqual(both);
    expect(of("either")).toEqual([...either]);
    expect(of("nothing")).toEqual([]);
    expect(of("rest")).toEqual(all.filter((i) => !either.has(i)));
    expect(of("chosen")).toEqual(all.filter((i) => either.has(i)).slice(1, 4));
    const labels = outcome("digits.train").data!.columns.get("label")!.data;
    const first = new Set([...ranked(data.slice(0, 60), -1).slice(0, 4), ...mostSelf(4)]);
    expect(of("mixed")).toEqual([...first].filter((i) => labels[i] !== 3 && i >= 2));
    const { predicted } = await arrays("classified", "examples");
    const right = all.filter((i) => predicted!.data[i] === labels[i]);
    const gone = new Set([...harmful, ...mostSelf(5)]);
    expect(of("left")).toEqual(right.filter((i) => !gone.has(i)));
    expect(of("cleaned.data")).toEqual(all.filter((i) => !both.includes(i)));
    expect(of("on_part.data").filter((i) => helpful.includes(i))).toHaveLength(9);
    const asked = [...new Set([...harmful, ...helpful])];
    expect(of("worst")).toEqual(asked.toSorted((a, b) => data[a]! - data[b]! || a - b).slice(0, 2));
    expect(outcome("cleaned").figures.converged).toBe(true);
    // An assertion that is stored from another one of the same content names what this one reads.
    expect(outcome("assert#5").key).toBe(outcome("assert#4").key);
    expect(outcome("assert#4").figures).toEqual({ passed: true, "both.count": both.length });
    expect(outcome("assert#5").figures).toEqual({ passed: true, "same.count": both.length });
  });

  it("a condition in the place of a label makes two classes, to be changed by noise and learned", async () => {
    const { outcome, arrays } = await runProgram(`
      let digits = glyphs(n: 300, seed: 1, image: f32[8, 8, 1])
      let nines = digits.train |> where(label == 4 or label == 9) |> map(label: label == 9)
      network One(image: f32[8, 8, 1]) -> f32[] = image |> avg_pool(2x2) |> flatten |> dense(1) |> reshape([])
      train model {
        network: One, data: nines |> with_label_noise(fraction: 0.2, seed: 1), loss: binary_cross_entropy
        optimizer: lbfgs(tolerance: 1e-6), regularize: l2(0.01)
      }
      influence own { model: model, test: self, method: exact(), measure: probability(1) }
      evaluate seen { model: model, data: nines, metrics: [accuracy, auc] }`);
    const [digits, nines] = [outcome("digits.train").data!, outcome("nines").data!];
    const label = nines.columns.get("label")!;
    expect(label.field).toMatchObject({ type: { dtype: "i32", shape: [] }, classes: 2 });
    const was = digits.columns.get("label")!.data;
    expect([...nines.index].map((i) => label.data[i])).toEqual([...nines.index].map((i) => (was[i] === 9 ? 1 : 0)));
    const noisy = outcome("model.data").data!.columns.get("label")!;
    for (const i of noisy.flipped!) expect(noisy.data[i]).toBe(1 - label.data[i]!);
    expect(noisy.flipped).toHaveLength(Math.round(0.2 * nines.index.length));
    expect(outcome("seen").figures.accuracy).toBeGreaterThan(0.5);
    expect((await arrays("own", "summary")).totals!.data).toHaveLength(nines.index.length);
  });

  it("of equal scores take the examples in the order of their indices", async () => {
    const { outcome, scores, arrays } = await runProgram(`${program.split("influence blame")[0]}
influence votes { model: classifier, test: digits.test |> take(2), train: digits.train |> shuffle(seed: 2), method: knn_shapley(3) }
let low = votes |> most_harmful(50)
let high = votes |> most_helpful(50)
`);
    const { data } = await scores("votes", 2);
    const of = [...(await arrays("votes", "summary")).train_index!.data];
    const totals = new Map(of.map((index, i) => [index, data[i]! + data[60 + i]!]));
    expect(new Set(totals.values()).size).toBeLessThan(50);
    const sorted = (sign: 1 | -1) =>
      of.toSorted((a, b) => sign * (totals.get(a)! - totals.get(b)!) || a - b).slice(0, 50);
    expect([...outcome("low").data!.index]).toEqual(sorted(1));
    expect([...outcome("high").data!.index]).toEqual(sorted(-1));
  });
});
