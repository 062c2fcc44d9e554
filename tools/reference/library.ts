import { builtins } from "../../src/check/builtins.ts";
import { dataBuiltins } from "../../src/check/builtins-data.ts";
import { influenceBuiltins } from "../../src/check/builtins-influence.ts";
import { reportBuiltins } from "../../src/check/builtins-report.ts";
import { trainingBuiltins } from "../../src/check/builtins-training.ts";
import { describeWant, showType } from "../../src/check/types.ts";
import type { Builtin, Result } from "../../src/check/want.ts";
import { stdlib } from "../../src/generated/stdlib.ts";
import { type Primitive, surface } from "../../src/ir/surface.ts";
import { header } from "../../src/lsp/hover.ts";
import type { Block, File } from "../../src/syntax/ast.ts";
import { parse } from "../../src/syntax/parse.ts";
import { code, generatedBy, page, sentence, table } from "./markdown.ts";

/** A thing that programs may name, and the page that has it. */
export interface Entry {
  readonly name: string;
  readonly page: string;
  readonly doc: string | undefined;
}

interface Page {
  readonly file: string;
  readonly title: string;
  readonly about: string | undefined;
  readonly entries: readonly { readonly name: string; readonly doc: string | undefined; readonly text: string }[];
}

// The standard library: blocks of stdlib/*.mtt.

const blocksOf = ({ declarations }: File): readonly Block[] =>
  declarations.flatMap((one) => (one.kind === "block" && !one.name.text.startsWith("_") ? [one] : []));

/** A declaration as it stands, without its doc comment. */
const sourceOf = (file: File, { span }: Block): string =>
  file.text.slice(span.start, span.end).replaceAll(/^\s*\/\/\/.*\n/gm, "");

const block = (file: File, one: Block): Page["entries"][number] => {
  const signature = header(one, ({ start, end }) => file.text.slice(start, end));
  const described = one.parameters.flatMap(({ name, doc }) => (doc === undefined ? [] : [[code(name.text), doc]]));
  return {
    name: one.name.text,
    doc: one.doc,
    text: page([
      `## ${one.name.text}`,
      one.doc,
      `\`\`\`mtt signature\n${signature.replace(/^block /, "")}\n\`\`\``,
      described.length === 0 ? undefined : table(["parameter", "meaning"], described),
      `<details><summary>Source</summary>\n\n\`\`\`mtt source\n${sourceOf(file, one)}\n\`\`\`\n\n</details>`,
    ]),
  };
};

const libraryPages = (): readonly Page[] =>
  [...stdlib].map(([name, text]) => {
    const { file } = parse(name, text);
    const room = name.replace(/^std\/|\.mtt$/g, "");
    return {
      file: `${room}.md`,
      title: `${room[0]!.toUpperCase()}${room.slice(1)}`,
      about: [file.doc, `\`import { … } from "std/${room}"\` is not needed: these names are known everywhere.`]
        .filter((one) => one !== undefined)
        .join("\n\n"),
      entries: blocksOf(file).map((one) => block(file, one)),
    };
  });

// What is built in.

const gives = (result: Result): string => {
  switch (result.result) {
    case "opaque":
      return code(result.name);
    case "type":
      return code(showType(result.type));
    case "size":
      return code("size");
    case "same":
      return `the same kind of value as \`${result.as}\``;
    case "training_data":
      return "a data set: a part of the training data";
    case "parts":
      return code(`{ ${result.names.join(", ")} }`);
    case "declared":
      return "the data that the arguments declare";
    case "item":
      return "each of the values in turn";
    case "mapped":
      return "the data set with these fields";
    case "predicted":
      return "a class";
    case "probability":
      return code("f32[]");
    case "sequence":
    case "repeat":
      return "a layer";
    case "model":
      return "a model";
  }
};

const call = ({ name, parameters, named }: Builtin): string =>
  `${name}(${[
    ...parameters.map((one) => (one.default === undefined ? one.name : `${one.name}: ${one.default}`)),
    ...(named === undefined ? [] : ["field: expression, …"]),
  ].join(", ")})`;

const row = (one: Builtin): string =>
  page([
    `\`\`\`mtt signature\n${call(one)}\n\`\`\``,
    `${sentence(one.doc)} Gives ${gives(one.result)}.${one.example ? " Only in an expression over examples." : ""}`,
    one.parameters.length === 0
      ? undefined
      : table(
          ["parameter", "takes", "default", "meaning"],
          one.parameters.map(({ name, want, default: value, doc }) => [
            code(name),
            describeWant(want),
            value === undefined ? "" : code(value),
            doc,
          ]),
        ),
  ]);

const tables: readonly (Pick<Page, "file" | "title" | "about"> & { readonly rows: readonly Builtin[] })[] = [
  {
    file: "data.md",
    title: "Data",
    about: "Sources of data sets, their lazy transformations, and what a condition may ask a model.",
    rows: dataBuiltins,
  },
  {
    file: "training.md",
    title: "Training",
    about: "Initial values, rates, optimizers and other options of `train`; families; layers made of layers; metrics.",
    rows: trainingBuiltins,
  },
  {
    file: "influence.md",
    title: "Influence",
    about: "Measures, methods, queries over scores, and ways to validate them.",
    rows: influenceBuiltins,
  },
  { file: "reports.md", title: "Reports", about: "The pictures of a report.", rows: reportBuiltins },
];

/** One entry a name: `constant` is an initial value and a rate. */
const builtinPages = (): readonly Page[] =>
  tables.map(({ rows, ...of }) => ({
    ...of,
    entries: [...Map.groupBy(rows, ({ name }) => name)].map(([name, all]) => ({
      name,
      doc: all.every(({ doc }) => doc !== "") ? all.map(({ doc }) => doc).join(" ") : undefined,
      text: `## ${name}\n\n${all.map(row).join("\n")}`,
    })),
  }));

// The operations that blocks are written with.

const shown = (value: Primitive["parameters"][number]["default"]): string =>
  value === undefined || value === null ? "" : code(JSON.stringify(value));

const kinds: { readonly [K in Primitive["parameters"][number]["kind"]]: string } = {
  tensor: "an array",
  int: "an int",
  float: "a number",
  size: "a size",
  padding: "`same` or `valid`",
  dims: "a list of ints, or an array whose shape is meant",
  axis: "an axis; negative ones count from the end",
  axes: "a list of axes",
  ints: "a list of ints",
  string: "a string",
  dtype: 'an element type: `"f32"`, `"f64"`, `"i32"` or `"bool"`',
  bool: "true or false",
};

const operation = (name: string, { doc, parameters }: Primitive): string =>
  page([
    `## ${name}`,
    `\`\`\`mtt signature\n${name}(${parameters.map((one) => one.name).join(", ")})\n\`\`\``,
    sentence(doc),
    table(
      ["parameter", "takes", "default", "meaning"],
      parameters.map((one) => [code(one.name), kinds[one.kind], shown(one.default), one.doc]),
    ),
  ]);

const operationsPage = (): Page => ({
  file: "operations.md",
  title: "Operations",
  about:
    "What blocks are written with: each has one rule for its shape, its derivatives, and every engine. They see one example; elementwise operations broadcast as NumPy's do.",
  entries: [...surface].map(([name, of]) => ({ name, doc: of.doc || undefined, text: operation(name, of) })),
});

const pages = (): readonly Page[] => [...libraryPages(), ...builtinPages(), operationsPage()];

/** All that is documented, for the test that nothing lacks its doc comment. */
export const entries = (): readonly Entry[] =>
  pages().flatMap(({ file, entries: all }) => all.map(({ name, doc }) => ({ name, page: file, doc })));

/** Names that a program may use and no page has. */
export const unlisted = (): readonly string[] => {
  const listed = new Set(entries().map(({ name }) => name));
  return [...builtins.map(({ name }) => name), ...surface.keys()].filter((name) => !listed.has(name));
};

/** docs/stdlib: file → text. */
export const libraryReference = (): ReadonlyMap<string, string> => {
  const all = pages();
  const made = generatedBy("tools/reference/library.ts from stdlib/, src/check/builtins-*.ts and src/ir/surface.ts");
  const index = page([
    made,
    "# The library",
    "All names that a program knows without declaring them. Layers, losses and activations are written in mtt itself, in [stdlib/](../../stdlib): read them, copy them, change them.",
    ...all.map(
      ({ file, title, about, entries: of }) =>
        `## [${title}](${file})\n\n${about?.split("\n")[0] ?? ""}\n\n${of.map(({ name }) => `[${name}](${file}#${name})`).join(" · ")}`,
    ),
  ]);
  return new Map([
    ["README.md", index],
    ...all.map(({ file, title, about, entries: of }): [string, string] => [
      file,
      page([made, `# ${title}`, about, ...of.map(({ text }) => text.trimEnd())]),
    ]),
  ]);
};
