import { builtinsNamed } from "../check/builtins.ts";
import type { Type } from "../check/checked.ts";
import { kinds } from "../check/kinds/index.ts";
import { primitiveSignature } from "../check/primitives.ts";
import { describeWant, showType } from "../check/types.ts";
import type { Builtin } from "../check/want.ts";
import type { Span } from "../diagnostic/diagnostic.ts";
import { surface } from "../ir/surface.ts";
import { showDim } from "../shape/dim.ts";
import type { Block, Let, Param } from "../syntax/ast.ts";
import type { Meaning, Occurrence } from "./occurrences.ts";
import { contains, treeOf } from "./tree.ts";
import type { Program, Workspace } from "./workspace.ts";

/** What to show of a word: code, and the documentation below it. */
export interface Told {
  readonly code: string;
  readonly doc?: string | undefined;
}

export const markdown = ({ code, doc }: Told) => ({
  kind: "markdown" as const,
  value: `\`\`\`mtt\n${code}\n\`\`\`${doc === undefined || doc === "" ? "" : `\n\n${doc}`}`,
});

/** The word at a place. */
export const wordAt = (workspace: Workspace, program: Program, offset: number): Occurrence | undefined => {
  const around = workspace.words(program, program.entry).filter(({ span }) => contains(span, offset));
  return around.find(({ span }) => offset < span.end) ?? around[0];
};

export function hover(workspace: Workspace, name: string, offset: number) {
  const program = workspace.program(name);
  if (program === undefined) return null;
  const word = wordAt(workspace, program, offset);
  if (word !== undefined) {
    const type = word.expression && program.compiled.checked.types.get(word.expression);
    const told = tell(program, word.meaning, type);
    const after = shapeAfter(program, word);
    return {
      contents: markdown(after === undefined ? told : { ...told, code: `${told.code}\n// gives ${after}` }),
      range: workspace.range(word.span),
    };
  }
  return member(workspace, program, offset);
}

/** What a stage of a pipe gives, or a call. */
function shapeAfter({ entry, compiled }: Program, { span }: Occurrence): string | undefined {
  for (const { node } of treeOf(entry).expressions) {
    const named =
      node.kind === "pipe"
        ? node.stage.kind === "call"
          ? node.stage.callee
          : node.stage
        : node.kind === "call"
          ? node.callee
          : undefined;
    const type = compiled.checked.types.get(node);
    if (named?.span.start === span.start && named.span.end === span.end && type !== undefined && type.kind !== "error")
      return showType(type);
  }
  return undefined;
}

/** A field of a value: `digits.train`. */
function member(workspace: Workspace, { entry, compiled }: Program, offset: number) {
  for (const { node } of treeOf(entry).expressions) {
    if (node.kind !== "field" || !contains(node.name.span, offset)) continue;
    const type = compiled.checked.types.get(node);
    if (type === undefined || type.kind === "error") continue;
    return {
      contents: markdown({ code: `${node.name.text}: ${showValue(type)}` }),
      range: workspace.range(node.name.span),
    };
  }
  return null;
}

/** A type, with the value where it is known. */
export const showValue = (type: Type): string => {
  if ((type.kind === "int" || type.kind === "float" || type.kind === "bool") && type.value !== undefined)
    return `${type.kind} = ${type.kind === "int" ? showDim(type.value) : type.value}`;
  return showType(type);
};

export function tell({ compiled }: Pick<Program, "compiled">, meaning: Meaning, type?: Type): Told {
  const { files, types } = compiled.checked;
  const text = (span: Span) => files.get(span.file)?.text.slice(span.start, span.end) ?? "";
  switch (meaning.kind) {
    case "declaration": {
      const { declaration } = meaning;
      const { doc } = declaration;
      switch (declaration.kind) {
        case "block":
        case "network":
          return { code: header(declaration, text), doc };
        case "step":
          return { code: `${declaration.step} ${declaration.name.text}`, doc };
        default:
          return { code: withType(declaration, types.get(declaration.value) ?? type), doc };
      }
    }
    case "parameter":
      return { code: text(meaning.parameter.span), doc: meaning.parameter.doc };
    case "local": {
      const { statement } = meaning;
      const { name, doc } = statement;
      if (statement.kind !== "let")
        return {
          code: `${statement.kind} ${name.text}: ${text(statement.type.span)} ~ ${text(statement.init.span)}`,
          doc,
        };
      return { code: withType(statement, types.get(statement.value) ?? type), doc };
    }
    case "dimension":
      return { code: meaning.name, doc: `A size that each call of \`${meaning.block.name.text}\` binds.` };
    case "primitive":
      return {
        code: showType({ kind: "block", signature: primitiveSignature(meaning.name) }),
        doc: surface.get(meaning.name)?.doc,
      };
    case "builtin": {
      const rows = builtinsNamed(meaning.name);
      const exact = rows.filter(
        ({ result }) => type?.kind === "opaque" && result.result === "opaque" && result.name === type.name,
      );
      const shown = exact.length > 0 ? exact : rows;
      return { code: shown.map(showBuiltin).join("\n"), doc: shown.map(builtinDoc).join("\n\n") };
    }
    case "argument": {
      const row = builtinsNamed(meaning.of).find(({ parameters }) =>
        parameters.some(({ name }) => name === meaning.name),
      );
      const parameter = row?.parameters.find(({ name }) => name === meaning.name);
      return {
        code: parameter === undefined ? meaning.name : showParameter(parameter),
        doc: parameter?.doc,
      };
    }
    case "setting": {
      const field = kinds[meaning.step].fields.find(({ name }) => name === meaning.name);
      if (field === undefined) return { code: meaning.name };
      return { code: showParameter(field), doc: field.doc };
    }
    case "field":
      return {
        code: `${meaning.name}${type === undefined ? "" : `: ${showType(type)}`}`,
        doc: "A field of each example.",
      };
    case "training":
      return { code: "training: bool", doc: "True while a network is trained." };
    case "word":
      return { code: meaning.name };
  }
}

const withType = ({ kind, name }: Let | Param, type: Type | undefined): string =>
  `${kind} ${name.text}${type === undefined || type.kind === "error" ? "" : `: ${showValue(type)}`}`;

/** A block's declaration without its body, on one line. */
export const header = (block: Block, text: (span: Span) => string): string =>
  text({ ...block.span, end: block.result.span.end })
    .slice(Math.max(0, text(block.span).search(/\b(block|network)\b/)))
    .replace(/\s+/g, " ");

/** What it does, and a line for each parameter. */
const builtinDoc = ({ doc, parameters }: Builtin): string =>
  [
    doc,
    parameters
      .map((one) => `- \`${one.name}\`${one.default === undefined ? "" : ` (\`${one.default}\`)`}: ${one.doc}`)
      .join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n");

const showParameter = ({ name, want, default: value }: Builtin["parameters"][number]): string =>
  `${name}: ${describeWant(want)}${value === undefined ? "" : ` (default: ${value})`}`;

export const showBuiltin = ({ name, parameters, result }: Builtin): string =>
  `${name}(${parameters.map((one) => one.name + (one.default === undefined ? "" : ` = ${one.default}`)).join(", ")})${
    result.result === "opaque" ? ` -> ${result.name}` : result.result === "type" ? ` -> ${showType(result.type)}` : ""
  }`;
