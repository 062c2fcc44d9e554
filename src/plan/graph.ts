import type { Drawing, Look } from "./drawing.ts";
import type { Plan, Step } from "./plan.ts";

const looks = {
  data: "data",
  query: "query",
  train: "train",
  predict: "step",
  evaluate: "step",
  influence: "influence",
  group: "step",
  correlation: "step",
  family: "family",
  best: "choice",
  chosen: "influence",
  validate: "train",
  assert: "assert",
  report: "report",
} as const satisfies { [K in Step["body"]["kind"]]: Look };

/** One line for people: `train classifier`, `where digits.test/where`. */
export const stepTitle = (step: Step): string => {
  const { body } = step;
  const what =
    body.kind === "query"
      ? body.operation.op
      : body.kind === "data"
        ? describeSource(body.source.kind)
        : body.kind === "chosen"
          ? body.of[0]!.kind
          : body.kind;
  return body.kind === "assert" ? `assert ${body.text}` : `${what} ${step.id}`;
};

const describeSource = (kind: string): string => `data (${kind})`;

/** The plan's steps and what they read: targets bold, steps without a declaration dashed. */
export const planDrawing = ({ steps, targets }: Plan): Drawing => ({
  name: "plan",
  nodes: steps.map((step) => ({
    id: step.id,
    lines: [stepTitle(step)],
    look: looks[step.body.kind],
    ...(targets.includes(step.id) ? { line: "bold" as const } : step.declared ? {} : { line: "dashed" as const }),
  })),
  edges: steps.flatMap(({ id, inputs }) => inputs.map((from) => ({ from, to: id }))),
});
