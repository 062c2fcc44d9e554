import { type Compiled, compile } from "../../src/compile.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Graph } from "../../src/ir/graph.ts";
import type { Network } from "../../src/plan/network.ts";
import type { Body, Plan, Step } from "../../src/plan/plan.ts";
import { type Tensor, type TensorType, tensor } from "../../src/shape/tensor.ts";

export const compileText = (text: string, settings: Readonly<Record<string, string>> = {}, memory?: number): Compiled =>
  compile("program.mtt", new Map([["program.mtt", text]]), { settings: new Map(Object.entries(settings)), memory });

/** `MTT4002 at "conv(8)": message` for each diagnostic. */
export const said = (compiled: Compiled): readonly string[] =>
  compiled.diagnostics.map(({ code, span, message }) => {
    const text = compiled.checked.files.get(span.file)?.text.slice(span.start, span.end);
    return `${code} at ${JSON.stringify(text)}: ${message}`;
  });

export const planOf = (text: string, settings: Readonly<Record<string, string>> = {}): Plan => {
  const compiled = compileText(text, settings);
  if (compiled.plan === undefined) throw new Error(said(compiled).join("\n"));
  return compiled.plan;
};

export const networkOf = (text: string): Network => {
  const compiled = compileText(text);
  const [network] = compiled.networks;
  if (network === undefined || compiled.plan === undefined) throw new Error(said(compiled).join("\n") || "no network");
  return network;
};

type Of<K extends Body["kind"]> = Step & { readonly body: Extract<Body, { readonly kind: K }> };

/** The step with this id, which is of this kind. */
export const stepOf = <K extends Body["kind"]>(plan: Plan, id: string, kind: K): Of<K> => {
  const step = plan.steps.find((candidate): candidate is Of<K> => candidate.id === id && candidate.body.kind === kind);
  if (step === undefined) throw new Error(`no ${kind} ${id} among ${plan.steps.map((s) => s.id).join(", ")}`);
  return step;
};

/** The graph's results for these flat values, input by input. */
export const results = (graph: Graph, ...values: readonly (readonly number[])[]): readonly (readonly number[])[] => {
  const inputs: Tensor[] = graph.inputs.map(({ type }, i) => tensor(type.dtype, type.shape, values[i] ?? []));
  return evaluate(graph, inputs).map(({ data }) => Array.from(data));
};

export const shown = ({ dtype, shape }: TensorType): string => `${dtype}[${shape.join(", ")}]`;
