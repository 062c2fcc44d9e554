import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile } from "../../src/compile.ts";
import { showGraph } from "../../src/ir/text.ts";
import type { Step } from "../../src/plan/plan.ts";
import { networkTable } from "../../src/plan/table.ts";
import { said } from "./program.ts";

// The plan of every pipeline people start from, beside it in golden/. UPDATE_GOLDENS=1 writes them anew; in CI they only hold.

const pipelines = new URL("../../pipelines/", import.meta.url);
const goldens = new URL("golden/", import.meta.url);
const update = process.env.UPDATE_GOLDENS === "1" && process.env.CI === undefined;

/** Graphs and networks in words: the rest as JSON. */
const brief = (value: unknown): string =>
  JSON.stringify(value, (_key, part) =>
    typeof part === "object" && part !== null && "nodes" in part ? `graph of ${part.nodes.length} operations` : part,
  );

const describeStep = ({ id, declared, inputs, body }: Step): readonly string[] => {
  const head = `${declared ? "" : "~"}${id}: ${body.kind}(${inputs.join(", ")})`;
  if (body.kind === "train") {
    const { network, loss, ...rest } = body.training;
    return [head, `  ${network.name}, ${loss.name}(${loss.targets.join(", ")})`, `  ${brief(rest)}`];
  }
  if (body.kind === "predict") return [head, indented(showGraph(body.measure.graph))];
  if (body.kind === "query" && body.operation.op === "where") return [head, indented(showGraph(body.operation.graph))];
  if (body.kind === "report") return [head, ...body.show.map((picture) => `  ${brief(picture).slice(0, 100)}`)];
  const { kind: _, ...rest } = body;
  return [
    head,
    ...Object.entries(rest).map(([name, value]) => `  ${name}: ${name === "network" ? value.name : brief(value)}`),
  ];
};

const indented = (text: string): string => `  ${text.trimEnd().replaceAll("\n", "\n  ")}`;

const files = readdirSync(pipelines).filter((file) => /^\w+\.mtt$/.test(file));
/** One may import another. */
const sources = new Map(files.map((file) => [file, readFileSync(new URL(file, pipelines), "utf8")]));

const golden = (file: string): string => {
  const compiled = compile(file, sources);
  if (compiled.plan === undefined) return said(compiled).join("\n");
  const networks = compiled.networks.flatMap((network) => [
    `network ${network.name}`,
    ...networkTable(network).map(({ stage, output, weights, parameters, flops }) =>
      `  ${stage.padEnd(40)} ${output.padEnd(18)} ${String(parameters).padStart(9)} ${String(flops).padStart(10)}  ${stage === "total" ? "" : weights.join(" ")}`.trimEnd(),
    ),
    ...network.states.map(({ path }) => `  state ${path}`),
    ...(network.inference.nodes.length <= 80 ? [showGraph(network.training), showGraph(network.inference)] : []),
  ]);
  return `${[...compiled.plan.steps.flatMap(describeStep), `targets: ${compiled.plan.targets.join(", ")}`, ...networks].join("\n").trimEnd()}\n`;
};

describe("the plans of the pipelines", () => {
  it.each(files)("%s", (file) => {
    const path = new URL(file.replace(".mtt", ".txt"), goldens);
    const text = golden(file);
    if (update) writeFileSync(path, text);
    expect(existsSync(path), `${path.pathname} is missing: UPDATE_GOLDENS=1`).toBe(true);
    expect(text).toBe(readFileSync(path, "utf8"));
  });
});
