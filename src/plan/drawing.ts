/** What a node stands for: how it looks. */
export type Look = keyof typeof looks;

/** Mermaid's brackets, Graphviz's shape. */
const looks = {
  data: { open: "[(", close: ")]", shape: "cylinder" },
  query: { open: "[/", close: "/]", shape: "parallelogram" },
  train: { open: "[[", close: "]]", shape: "box3d" },
  step: { open: "[", close: "]", shape: "box" },
  influence: { open: "{{", close: "}}", shape: "octagon" },
  family: { open: "[[", close: "]]", shape: "folder" },
  choice: { open: "{", close: "}", shape: "diamond" },
  assert: { open: "{{", close: "}}", shape: "hexagon" },
  report: { open: ">", close: "]", shape: "note" },
  value: { open: "([", close: "])", shape: "ellipse" },
} as const;

export interface DrawnNode {
  readonly id: string;
  /** One below the other. */
  readonly lines: readonly string[];
  readonly look: Look;
  /** Bold: what is asked for. Dashed: what no declaration names. */
  readonly line?: "bold" | "dashed";
}

/** Nodes and what leads from one to the other, from above to below. */
export interface Drawing {
  readonly name: string;
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly { readonly from: string; readonly to: string }[];
}

/** As a mermaid flowchart. */
export const toMermaid = ({ nodes, edges }: Drawing): string => {
  const number = new Map(nodes.map(({ id }, i) => [id, `s${i}`]));
  const bold = nodes.filter(({ line }) => line === "bold").map(({ id }) => number.get(id));
  return lined([
    "flowchart TD",
    ...nodes.map(({ id, lines, look }) => {
      const { open, close } = looks[look];
      return `  ${number.get(id)}${open}"${lines.map(mermaidText).join("<br>")}"${close}`;
    }),
    ...edges.map(({ from, to }) => `  ${number.get(from)} --> ${number.get(to)}`),
    ...(bold.length === 0 ? [] : ["  classDef target stroke-width:3px", `  class ${bold.join(",")} target`]),
  ]);
};

/** In Graphviz's language. */
export const toDot = ({ name, nodes, edges }: Drawing): string =>
  lined([
    `digraph ${dotWords.test(name) ? dotText([name]) : name} {`,
    "  rankdir=TB",
    '  node [fontname="Helvetica"]',
    ...nodes.map(
      ({ id, lines, look, line }) =>
        `  ${dotText([id])} [label=${dotText(lines)}, shape=${looks[look].shape}${line === undefined ? "" : `, style=${line}`}]`,
    ),
    ...edges.map(({ from, to }) => `  ${dotText([from])} -> ${dotText([to])}`),
    "}",
  ]);

const lined = (lines: readonly string[]): string => `${lines.join("\n")}\n`;

/** Mermaid ends a label at a quote and reads `#…;` as an entity. */
const mermaidText = (text: string): string =>
  text
    .replaceAll("#", "#35;")
    .replaceAll('"', "#quot;")
    .replaceAll("<", "#lt;")
    .replaceAll(">", "#gt;")
    .replaceAll(/\s+/g, " ");

const dotWords = /^(?:node|edge|(?:di|sub)?graph|strict)$/i;

const dotText = (lines: readonly string[]): string =>
  `"${lines.map((text) => text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll(/\s+/g, " ")).join("\\n")}"`;
