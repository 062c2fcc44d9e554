import { describe, expect, it } from "vitest";
import { compileText, said } from "./program.ts";

const weights = 10 * 10 + 10;
const program = (data: string) => `
let source = glyphs(n: 16, image: f32[2, 5, 1])
${data.includes("parts") ? "let parts = source.train |> split(at: 0.25)" : ""}
network N(image: f32[2, 5, 1]) -> f32[10] = image |> flatten |> dense(10)
train m { network: N, data: ${data}, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 1 }`;
const told = (data: string) => said(compileText(program(data))).map((text) => /at most (\d+) numbers/.exec(text)?.[1]);

describe("a network larger than its data", () => {
  it("is warned of, with how many weights and numbers", () => {
    const compiled = compileText(program("source.train |> take(10)"));
    expect(compiled.plan?.steps.map(({ id }) => id)).toContain("m");
    expect(compiled.diagnostics).toMatchObject([
      {
        code: "MTT4018",
        severity: "warning",
        message: `\`N\` has ${weights} weights, and its data at most 100 numbers`,
        notes: [{ text: "at most 10 examples of 10" }],
      },
    ]);
    expect(said(compileText(program("source.train |> take(11)")))).toEqual([]);
  });

  it.each([
    ["source.train |> sample(3) |> shuffle(seed: 1)", "30"],
    ["source.train |> skip(6)", "100"],
    ["parts.first", "40"],
    ["parts.first |> union(parts.first |> take(1))", "50"],
    ["source.train |> intersect(parts.first)", "40"],
    ["source.train |> without(parts.first) |> where(label > 1) |> take(4)", "40"],
    ["source.train |> only(parts.first) |> with_label_noise(0.5)", "40"],
    ["source.train |> without(parts.first)", undefined],
    ["parts.rest", undefined],
    ['csv("a.csv", fields: { image: f32[2, 5, 1], label: class[10] })', undefined],
  ])("is known of the query %s", (data, numbers) => {
    expect(told(data).filter((one) => one !== undefined)).toEqual(numbers === undefined ? [] : [numbers]);
  });

  it("knows the sizes of MNIST, and of a larger stand-in", () => {
    const of = (data: string) =>
      said(
        compileText(`network N(image: f32[28, 28, 1]) -> f32[10] = image |> flatten |> dense(60000) |> dense(10)
        train m { network: N, data: ${data}, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 1 }`),
      );
    expect(of("mnist().train")).toEqual([
      'MTT4018 at "m": `N` has 47,700,010 weights, and its data at most 47,040,000 numbers',
    ]);
    expect(of("mnist(fallback: glyphs(n: 70000)).train")).toEqual([]);
  });
});
