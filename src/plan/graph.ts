import type { Plan, Step } from "./plan.ts";

/** How a kind of step looks in a drawing: mermaid's brackets, graphviz's shape. */
const looks = {
  data: { open: "[(", close: ")]", shape: "cylinder" },
  query: { open: "[/", close: "/]", shape: "parallelogram" },
  train: { open: "[[", close: "]]", shape: "box3d" },
  predict: { open: "[", close: "]", shape: "box" },
  evaluate: { open: "[", close: "]", shape: "box" },
  influence: { open: "{{", close: "}}", shape: "octagon" },
  group: { open: "[", close: "]", shape: "box" },
  correlation: { open: "[", close: "]", shape: "box" },
  family: { open: "[[", close: "]]", shape: "folder" },
  best: { open: "{", close: "}", shape: "diamond" },
  chosen: { open: "{{", close: "}}", shape: "octagon" },
  validate: { open: "[[", close: "]]", shape: "box3d" },
  assert: { open: "{{", close: "}}", shape: "hexagon" },
  report: { open: ">", close: "]", shape: "note" },
} as const satisfies { [K in Step["body"]["kind"]]: { open: string; close: string; shape: string } };

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

/** The plan as a mermaid flowchart; targets are drawn bold. */
export const toMermaid = (plan: Plan): string => {
  const number = numbers(plan);
  const lines = ["flowchart TD"];
  for (const step of plan.steps) {
    const look = looks[step.body.kind];
    lines.push(`  s${number.get(step.id)}${look.open}"${mermaidText(stepTitle(step))}"${look.close}`);
  }
  for (const step of plan.steps)
    for (const input of step.inputs) lines.push(`  s${number.get(input)} --> s${number.get(step.id)}`);
  if (plan.targets.length > 0) {
    lines.push("  classDef target stroke-width:3px");
    lines.push(`  class ${plan.targets.map((id) => `s${number.get(id)}`).join(",")} target`);
  }
  return `${lines.join("\n")}\n`;
};

/** The plan in graphviz's language; targets are drawn bold, steps without a declaration dashed. */
export const toDot = (plan: Plan): string => {
  const targets = new Set(plan.targets);
  const lines = ["digraph plan {", "  rankdir=TB", '  node [fontname="Helvetica"]'];
  for (const step of plan.steps) {
    const style = targets.has(step.id) ? ", style=bold" : step.declared ? "" : ", style=dashed";
    lines.push(
      `  ${dotText(step.id)} [label=${dotText(stepTitle(step))}, shape=${looks[step.body.kind].shape}${style}]`,
    );
  }
  for (const step of plan.steps)
    for (const input of step.inputs) lines.push(`  ${dotText(input)} -> ${dotText(step.id)}`);
  return `${lines.join("\n")}\n}\n`;
};

const numbers = (plan: Plan): ReadonlyMap<string, number> => new Map(plan.steps.map((step, i) => [step.id, i]));

/** Mermaid ends a label at a quote and reads `#…;` as an entity. */
const mermaidText = (text: string): string =>
  text
    .replaceAll("#", "#35;")
    .replaceAll('"', "#quot;")
    .replaceAll("<", "#lt;")
    .replaceAll(">", "#gt;")
    .replaceAll(/\s+/g, " ");

const dotText = (text: string): string =>
  `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll(/\s+/g, " ")}"`;
