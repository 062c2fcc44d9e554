import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Field, Source } from "../plan/dataset.ts";
import type { Plan, Step } from "../plan/plan.ts";

/** Warns of networks that have more weights than their training data has numbers: they can learn all of it by heart. */
export const oversized = ({ steps }: Plan): readonly Diagnostic[] => {
  const most = new Map<string, number>();
  for (const step of steps) {
    const examples = examplesOf(step, ({ inputs }) => inputs.map((id) => most.get(id)));
    if (examples !== undefined) most.set(step.id, examples);
  }
  return steps.flatMap((step): readonly Diagnostic[] => {
    if (step.body.kind !== "train") return [];
    const { network } = step.body.training;
    const examples = most.get(step.inputs[0]!);
    const weights = sum(network.weights.map(({ type }) => size(type)));
    const numbers = sum(network.fields.map(({ type }) => size(type)));
    if (examples === undefined || weights <= examples * numbers) return [];
    const shown = (n: number) => n.toLocaleString("en");
    return [
      {
        code: "MTT4018",
        severity: "warning",
        span: step.span,
        message: `\`${network.name}\` has ${shown(weights)} weights, and its data at most ${shown(examples * numbers)} numbers`,
        label: "may learn its examples by heart",
        notes: [{ kind: "text", text: `at most ${shown(examples)} examples of ${shown(numbers)}` }],
        help: "train on more examples, or with fewer weights",
        fixes: [],
      },
    ];
  });
};

const sum = (all: readonly number[]): number => all.reduce((a, b) => a + b, 0);
const size = ({ shape }: Field["type"]): number => shape.reduce((a, b) => a * b, 1);

/** The examples of a data set are at most so many, where that is known before it is read. */
const examplesOf = (step: Step, inputsOf: (step: Step) => readonly (number | undefined)[]): number | undefined => {
  const { body } = step;
  if (body.kind === "data") return ofSource(body.source);
  if (body.kind !== "query") return undefined;
  const { operation } = body;
  const [first, second] = inputsOf(step);
  const least = (n: number | undefined) => (first === undefined ? n : n === undefined ? first : Math.min(first, n));
  switch (operation.op) {
    case "take":
    case "sample":
    case "most_harmful":
    case "most_helpful":
      return least(operation.n);
    case "only":
    case "intersect":
      return least(second);
    case "skip":
      return first === undefined ? undefined : Math.max(0, first - operation.n);
    case "split": {
      if (first === undefined) return undefined;
      const begin = Math.ceil(operation.at * first);
      return operation.part === "first" ? begin : first - begin;
    }
    case "union":
      return first === undefined || second === undefined ? undefined : first + second;
    case "where":
    case "map":
    case "shuffle":
    case "without":
    case "with_label_noise":
      return first;
  }
};

const known = { mnist: { train: 60_000, test: 10_000 }, cifar10: { train: 50_000, test: 10_000 } } as const;

const ofSource = (source: Source): number | undefined => {
  switch (source.kind) {
    case "mnist":
    case "cifar10": {
      const own = known[source.kind][source.part];
      const other = source.fallback === undefined ? own : ofSource(source.fallback);
      return other === undefined ? undefined : Math.max(own, other);
    }
    case "glyphs":
      return source.n;
    case "csv":
    case "npy":
    case "idx":
    case "images":
      return undefined;
  }
};
