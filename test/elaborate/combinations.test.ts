import { describe, expect, it } from "vitest";
import { runProgram } from "../execute/run-program.ts";
import { compileText, said } from "./program.ts";

// Networks, losses and questions of every shape with each other: what does not go together is told before a run, once, and the rest runs.

const start = `let digits = glyphs(n: 24, seed: 1)
block small(image: f32[28, 28, 1]) -> f32[16] = image |> avg_pool(7x7) |> flatten
block size_of(x: f32[...s]) -> f32[] = reduce_mean(x * x)
block of_logits(logits: f32[k], label: class[k]) -> f32[] = softmax_cross_entropy(logits, label)
block of_parts(aux: f32[2, 2], b: f32[3]) -> f32[] = reduce_sum(aux * aux) + reduce_sum(b)
`;

const networks = [
  "f32[10] = image |> small |> dense(10)",
  "f32[2] = image |> small |> dense(2)",
  "f32[] = reduce_sum(image |> small |> dense(1))",
  "f32[2, 5] = reshape(image |> small |> dense(10), [2, 5])",
  "f32[28, 28, 1] = reshape(image |> small |> dense(784), [28, 28, 1])",
  "{ logits: f32[10], aux: f32[2, 2] } { { logits: image |> small |> dense(10), aux: reshape(image |> small |> dense(4), [2, 2]) } }",
  "{ aux: f32[2, 2], b: f32[3] } { { aux: reshape(image |> small |> dense(4), [2, 2]), b: image |> small |> dense(3) } }",
  "f32[16] = image |> small",
  "f32[10] = image |> avg_pool(7x7) |> batch_norm |> flatten |> dropout(keep: 0.5) |> dense(10)",
  "i32[] = argmax(image |> small |> dense(10), 0)",
];

const losses = [
  "loss: softmax_cross_entropy, data: digits.train",
  "loss: binary_cross_entropy, data: digits.train |> map(label: label == 3)",
  "loss: mean_squared_error, target: image, data: digits.train",
  "loss: size_of, data: digits.train |> with_label_noise(fraction: 0.3)",
  "loss: of_logits, data: digits.train",
  "loss: of_parts, data: digits.train",
];

const asked = (fields: string) => `influence i { model: m, test: digits.test |> take(2), ${fields} }\n`;
const questions = [
  "evaluate e { model: m, data: digits.test }\nreport r { show: [confusion(e), histogram(e)] }",
  "evaluate e { model: m, data: digits.test, metrics: [loss, size_of] }\nassert e.size_of >= 0",
  "evaluate e { model: m, data: digits.test, metrics: [accuracy, top(2)] }\nassert e.top2 >= e.accuracy",
  "evaluate e { model: m, data: digits.test, metrics: [auc] }",
  "evaluate e { model: m, data: digits.test |> where(predicted(m) == label or index > 0), metrics: [loss] }",
  "evaluate e { model: m, data: digits.test |> where(probability(m) > 0.1 or loss(m) > 0.0), metrics: [loss] }",
  "assert m.accuracy >= 0",
  "sweep s = m with { seed: each([1, 2]) }\nevaluate e { model: best(s, by: accuracy), data: digits.test }",
  "train v = m with { start: m, validate: digits.test, early_stop: early_stop(1) }\nreport r { show: [curves(v), summary(v)] }",
  ...[
    "cg(damping: 1.0)",
    "ekfac(damping: 1.0)",
    "tracin",
    "trak(projections: 8)",
    "representer",
    "knn_shapley(k: 2)",
  ].map((method) => `${asked(`method: ${method}`)}report r { show: [certificate(i), gallery(i, top: 2)] }`),
  ...["margin", "logit(1)", "probability(0)", "size_of"].map((measure) =>
    asked(`method: grad_dot, measure: ${measure}`),
  ),
  asked("method: cg(damping: 1.0), of: input"),
  `${asked("method: grad_cos")}validate v { influence: i, by: leave_one_out(count: 3) }\nreport r { show: [scatter(v)] }`,
  "influence i { model: m, test: self, method: grad_dot }\nvalidate v { influence: i, by: mislabel_detection }\nassert v.count > 0",
];

const trainings = networks.flatMap((network) =>
  losses.map(
    (loss) =>
      `${start}network N(image: f32[28, 28, 1]) -> ${network}\ntrain m { network: N, ${loss}, optimizer: sgd(0.01), batch: 8, epochs: 1, regularize: l2(0.1) }\n`,
  ),
);
const right = trainings.filter((text) => compileText(text).plan !== undefined);
const programs = right.flatMap((text) => questions.map((question) => `${text}${question}`));
const planned = programs.filter((text) => compileText(text).plan !== undefined);

describe("networks, losses and questions of every shape", () => {
  it("are told once where they do not go together", () => {
    expect(right.length).toBeGreaterThan(15);
    expect(right.length).toBeLessThan(trainings.length);
    /** What is said without a way out. */
    const silent = new Set<string>();
    for (const text of programs) {
      const compiled = compileText(text);
      const errors = compiled.diagnostics.filter(({ severity }) => severity === "error");
      expect(errors.length, `${text}\n${said(compiled).join("\n")}`).toBe(compiled.plan === undefined ? 1 : 0);
      for (const { help, message } of errors) if (help === undefined) silent.add(message);
    }
    expect([...silent]).toEqual([]);
    expect(planned.length).toBeGreaterThan(100);
    expect(planned.length).toBeLessThan(programs.length - 100);
  });

  it.each(planned.filter((_, i) => i % 23 === 0))("are computed where they do: %s", async (text) => {
    const { diagnostics } = await runProgram(text);
    expect(
      diagnostics.filter(({ severity }) => severity === "error").map(({ code, message }) => `${code} ${message}`),
    ).toEqual([]);
  });
});
