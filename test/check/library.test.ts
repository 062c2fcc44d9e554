import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { check } from "../../src/check/check.ts";
import { loadModules } from "../../src/check/modules.ts";
import type { Sources } from "../../src/diagnostic/diagnostic.ts";
import { surface } from "../../src/ir/surface.ts";
import { checkSources, library, root, said } from "./suite.ts";

const blocks = [...loadModules("none", library).files.values()].flatMap((file) =>
  file.declarations.flatMap((declaration) => (declaration.kind === "block" ? [declaration] : [])),
);

describe("the standard library", () => {
  it("has no diagnostics of its own", () => {
    const modules = loadModules("none", library);
    expect([...modules.diagnostics, ...check("none", modules.files).diagnostics].map(said)).toEqual([]);
  });

  it("holds the layers and losses of the language, each with its documentation", () => {
    const wanted =
      "conv conv_linear dense linear flatten lrelu relu elu sigmoid gelu softmax dropout max_pool avg_pool global_avg_pool batch_norm layer_norm residual log_softmax softmax_cross_entropy binary_cross_entropy mean_squared_error hinge smooth_hinge tanh softplus reshape concat";
    const known = new Set([...blocks.map((block) => block.name.text), ...surface.keys()]);
    expect(wanted.split(" ").filter((name) => !known.has(name))).toEqual([]);
    expect(blocks.filter((block) => block.doc === undefined).map((block) => block.name.text)).toEqual([]);
  });

  it("is all there is: renamed, a layer is unknown under its old name, and known under its new one", () => {
    const renamed: Sources = new Map(
      [...library].map(([name, text]) => [name, text.replaceAll(/\bconv\b(?!2d)/g, "convolve")]),
    );
    const program = (layer: string) =>
      `network N(image: f32[28, 28, 1]) -> f32[10] = image |> ${layer}(4) |> residual |> flatten |> dense(10)\n`;
    const of = (layer: string) =>
      checkSources(new Map([["main.mtt", program(layer)]]), {}, renamed).diagnostics.map(said);
    expect(of("conv")).toEqual(["MTT2001 there is no `conv`"]);
    expect(of("convolve")).toEqual([]);
  });

  it("is not named in the checker: no name of a block stands as a word of its own in a string of src/check", () => {
    const texts = readdirSync(join(root, "src/check"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(join(root, "src/check", file), "utf8").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, ""));
    // `residual` is also what an accepted solve is called: residual(1e-2).
    const names = blocks.map((block) => block.name.text).filter((name) => name !== "residual");
    const named = names.filter((name) => texts.some((text) => new RegExp(`["'\`]${name}["'\`(]`).test(text)));
    expect(named).toEqual([]);
  });
});
