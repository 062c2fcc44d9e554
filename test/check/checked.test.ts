import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stages } from "../../src/check/check.ts";
import type { Checked, Type } from "../../src/check/checked.ts";
import { showType } from "../../src/check/types.ts";
import type { Declaration, Expression } from "../../src/syntax/ast.ts";
import { checkText, root, said } from "./suite.ts";

const mnist = readFileSync(join(root, "test/suite/valid/mnist.mtt"), "utf8");

const declared = ({ entry }: Checked, name: string): Declaration => {
  const found = entry.declarations.find((d) => d.kind !== "assert" && d.name.text === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
};

const valueIn = (checked: Checked, name: string): Expression => {
  const declaration = declared(checked, name);
  if (declaration.kind !== "let" && declaration.kind !== "param") throw new Error(`${name} has no value`);
  return declaration.value;
};

const typeOfLet = (text: string, name = "it"): string => {
  const { checked, diagnostics } = checkText(text);
  expect(diagnostics.map(said)).toEqual([]);
  return showType(checked.types.get(valueIn(checked, name)) as Type);
};

describe("what a checked program carries", () => {
  it("stages of the network of the language's example, with the shapes its comments say", () => {
    const { checked } = checkText(mnist);
    const network = declared(checked, "Digits");
    if (network.kind !== "network") throw new Error("Digits is a network");
    expect(stages(checked, network).map(({ stage, shape }) => `${stage} ${shape}`)).toEqual([
      "image f32[28, 28, 1]",
      "conv f32[14, 14, 8]",
      "lrelu f32[14, 14, 8]",
      "conv f32[7, 7, 16]",
      "lrelu f32[7, 7, 16]",
      "conv f32[4, 4, 32]",
      "lrelu f32[4, 4, 32]",
      "flatten f32[512]",
      "dense f32[32]",
      "dropout f32[32]",
      "lrelu f32[32]",
      "dense f32[10]",
      "dropout f32[10]",
    ]);
  });

  it("arguments by parameter name, the input of a pipe among them; layers are marked", () => {
    const { checked } = checkText(
      "let enc = dense(32)\nnetwork N(x: f32[8]) -> f32[32] = x |> enc\nblock c(x: f32[h, w, d]) -> f32[h, w, 4] = x |> conv(4, stride: 1x1)\n",
    );
    const enc = valueIn(checked, "enc");
    if (enc.kind !== "call") throw new Error("enc is a call");
    expect(checked.calls.get(enc)?.layer).toBe(true);
    expect([...(checked.calls.get(enc)?.arguments.keys() ?? [])]).toEqual(["units"]);
    const block = declared(checked, "c");
    if (block.kind !== "block" || block.body.kind !== "pipe") throw new Error("c is a pipe");
    expect([...(checked.calls.get(block.body)?.arguments.keys() ?? [])].sort()).toEqual(["channels", "stride", "x"]);
    expect(checked.calls.get(block.body)?.layer).toBe(false);
  });

  it("fields of a step with those of its base, its own winning", () => {
    const { checked } = checkText(mnist);
    const cleaned = declared(checked, "cleaned");
    const classifier = declared(checked, "classifier");
    if (cleaned.kind !== "step" || classifier.kind !== "step") throw new Error("both are steps");
    const [own, base] = [checked.steps.get(cleaned), checked.steps.get(classifier)];
    expect([...(own?.keys() ?? [])]).toEqual([...(base?.keys() ?? [])]);
    expect(own?.get("loss")).toBe(base?.get("loss"));
    expect(own?.get("data")).not.toBe(base?.get("data"));
  });

  it("a name means what its place expects, and otherwise what is nearest", () => {
    const { checked } = checkText(mnist);
    const means = new Map([...checked.bindings].map(([name, binding]) => [`${name.text} ${binding.kind}`, binding]));
    for (const one of ["label field", "predicted builtin", "auto word", "accuracy builtin", "conv declaration"])
      expect(means.has(one), one).toBe(true);
  });

  it.each([
    ["let it = 2 * 3 + 1", "int"],
    ["let it = 7 / 2", "float"],
    ["let it = 8 / 2", "int"],
    ["let it = mnist().train", "dataset { image: f32[28, 28, 1], label: class[10] }"],
    ["let it = mnist().train |> map(image: image |> flatten) ", "dataset { image: f32[784], label: class[10] }"],
    [
      'let it = images("x", image: f32[2, 2, 3], classes: ["a", "b"])',
      "dataset { image: f32[2, 2, 3], label: class[2] }",
    ],
    ["let it = (mnist().test |> split(at: 0.5)).rest |> count", "int"],
    ["let it = [1, 2.5]", "[float]"],
    ["let it = size(2, 3).y", "int"],
    ["let it = adam(1e-3)", "optimizer"],
    ["let it = [dense(3), relu][1]", "relu(x: f32[...s]) -> f32[...s]"],
    ["let it = dense(3)", "dense(x: f32[n]) -> f32[3]"],
    ["let it = max_pool(2x2)", "max_pool(x: f32[h, w, c]) -> f32[ceil((h - 1) / 2), ceil((w - 1) / 2), c]"],
  ])("%s is %s", (text, type) => {
    expect(
      typeOfLet(text).replaceAll("floor(h / 2)", "ceil((h - 1) / 2)").replaceAll("floor(w / 2)", "ceil((w - 1) / 2)"),
    ).toBe(type);
  });
});

describe("settings", () => {
  const program =
    'param units: int = 8\nparam rate: float = 0.1\nparam wide: bool = false\nparam kernel: size = 3x3\nparam note = "a"\nnetwork N(x: f32[4]) -> f32[units] = x |> dense(units)\n';

  it("are typed as their params, and sizes follow them", () => {
    const texts = { units: "12", rate: "3", wide: "true", kernel: "5x5", note: "7" };
    const { checked, diagnostics } = checkText(program, { settings: new Map(Object.entries(texts)) });
    expect(diagnostics.map(said)).toEqual([]);
    expect(Object.fromEntries(checked.settings)).toEqual({ units: 12, rate: 3, wide: true, kernel: "5x5", note: "7" });
    const network = declared(checked, "N");
    if (network.kind !== "network") throw new Error("N is a network");
    expect(stages(checked, network).at(-1)?.shape).toBe("f32[12]");
  });

  it("of another type, or of no param, are errors with the near miss", () => {
    const settings = new Map(Object.entries({ units: "1.5", rat: "1", wide: "yes" }));
    const { diagnostics } = checkText(program, { settings });
    expect(diagnostics.map(({ code, help }) => [code, help])).toEqual([
      ["MTT2013", "did you mean `rate`?"],
      ["MTT3010", "give it as one: --set units=10"],
      ["MTT3010", "give it as one: --set wide=true"],
    ]);
  });
});
