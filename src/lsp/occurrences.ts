import { builtinsNamed } from "../check/builtins.ts";
import type { Binding, Checked } from "../check/checked.ts";
import type { kinds } from "../check/kinds/index.ts";
import { importedFile } from "../check/modules.ts";
import type { Span } from "../diagnostic/diagnostic.ts";
import type { Block, Declaration, DimExpression, Expression, File, Name, Parameter, Statement } from "../syntax/ast.ts";
import { treeOf } from "./tree.ts";

/** What a word of a program stands for. */
export type Meaning =
  | {
      readonly kind: "declaration";
      readonly file: File;
      readonly declaration: Exclude<Declaration, { kind: "assert" }>;
    }
  | { readonly kind: "parameter"; readonly block: Block; readonly parameter: Parameter }
  | { readonly kind: "local"; readonly statement: Statement }
  | { readonly kind: "dimension"; readonly block: Block; readonly name: string; readonly first: Span }
  | { readonly kind: "primitive" | "builtin" | "word" | "field" | "training"; readonly name: string }
  /** A named argument of a built-in function. */
  | { readonly kind: "argument"; readonly of: string; readonly name: string }
  /** A field of a step. */
  | { readonly kind: "setting"; readonly step: keyof typeof kinds; readonly name: string };

/** A word, where it stands, and what it means there. */
export interface Occurrence {
  readonly span: Span;
  readonly meaning: Meaning;
  /** It gives the name. */
  readonly declares?: true;
  /** In `import { name as other }`: the first of both. */
  readonly renamed?: true;
  readonly expression?: Expression;
}

/** Where what it means is declared; undefined for what is built in. */
export function homeOf(meaning: Meaning): Span | undefined {
  switch (meaning.kind) {
    case "declaration":
      return meaning.declaration.name.span;
    case "parameter":
      return meaning.parameter.name.span;
    case "local":
      return meaning.statement.name.span;
    case "dimension":
      return meaning.first;
    default:
      return undefined;
  }
}

/** Equal for two words that mean the same. */
export function keyOf(meaning: Meaning): string {
  const home = homeOf(meaning);
  if (home !== undefined) return `${home.file}\n${home.start}\n${meaning.kind === "dimension" ? meaning.name : ""}`;
  if (meaning.kind === "argument") return `argument ${meaning.of} ${meaning.name}`;
  if (meaning.kind === "setting") return `setting ${meaning.step} ${meaning.name}`;
  return "name" in meaning ? `${meaning.kind} ${meaning.name}` : meaning.kind;
}

/** All words of a file that the checker knows a meaning of, in the order of the text. */
export function occurrencesOf(checked: Checked, file: File): readonly Occurrence[] {
  const tree = treeOf(file);
  const found: Occurrence[] = [];
  const add = (span: Span, meaning: Meaning | undefined, more: Partial<Occurrence> = {}) => {
    if (meaning !== undefined && span.end > span.start) found.push({ span, meaning, ...more });
  };
  const dimensions = new Map<Block, Map<string, Span>>();
  const dimension = (block: Block, name: string, at: Span): Meaning => {
    const names = dimensions.get(block) ?? new Map<string, Span>();
    dimensions.set(block, names);
    if (!names.has(name)) names.set(name, at);
    return { kind: "dimension", block, name, first: names.get(name)! };
  };

  for (const { node, owner } of tree.declared) {
    const meaning: Meaning =
      node === owner
        ? { kind: "declaration", file, declaration: owner }
        : node.kind === "parameter" && isBlock(owner)
          ? { kind: "parameter", block: owner, parameter: node }
          : { kind: "local", statement: node as Statement };
    add(node.name.span, meaning, { declares: true });
  }
  for (const { names, from } of file.imports) {
    const target = importedFile(file.name, from.value, checked.files);
    const source = target === undefined ? undefined : checked.files.get(target);
    for (const { name, as } of names) {
      const declaration = source?.declarations.find((one) => one.kind !== "assert" && one.name.text === name.text);
      if (source === undefined || declaration === undefined || declaration.kind === "assert") continue;
      const meaning: Meaning = { kind: "declaration", file: source, declaration };
      add(name.span, meaning, as === undefined ? {} : { renamed: true });
      if (as !== undefined) add(as.span, meaning);
    }
  }
  // Dimension variables in the order of the text, so that the first one is where they are bound.
  for (const { node, owner } of tree.dims.toSorted((a, b) => a.node.span.start - b.node.span.start)) {
    const word = dimWord(node);
    if (word === undefined) continue;
    const size = checked.sizes.get(node);
    if (size !== undefined && size.kind !== "assert") {
      const home = checked.files.get(size.span.file);
      if (home !== undefined) add(word.span, { kind: "declaration", file: home, declaration: size });
      continue;
    }
    if (!isBlock(owner)) continue;
    const parameter = owner.parameters.find(({ name }) => name.text === word.text);
    if (parameter !== undefined) add(word.span, { kind: "parameter", block: owner, parameter });
    else if (word.text === "same" || word.text === "valid") add(word.span, { kind: "word", name: word.text });
    else add(word.span, dimension(owner, word.text, word.span));
  }
  const meant = (name: Name, owner: Declaration): Meaning | undefined => {
    const binding = checked.bindings.get(name);
    if (binding?.kind !== "dimension") return binding && meaningOf(binding);
    return isBlock(owner) ? dimension(owner, binding.name, name.span) : undefined;
  };
  for (const { node, owner } of tree.expressions)
    if (node.kind === "name") add(node.span, meant(node, owner), { expression: node });
  for (const { node, owner } of tree.bases) add(node.span, meant(node, owner));
  for (const { node, callee } of tree.arguments)
    if (node.name !== undefined) add(node.name.span, argumentMeaning(checked, callee, node.name.text));
  for (const { node, step } of tree.fields)
    if (step !== undefined) add(node.name.span, { kind: "setting", step: step.step, name: node.name.text });
  return found.sort((a, b) => a.span.start - b.span.start);
}

const isBlock = (node: Declaration): node is Block => node.kind === "block" || node.kind === "network";

function meaningOf(binding: Exclude<Binding, { kind: "dimension" }>): Meaning | undefined {
  switch (binding.kind) {
    case "declaration": {
      const { file, declaration } = binding;
      return declaration.kind === "assert" ? undefined : { kind: "declaration", file, declaration };
    }
    case "word":
      return { kind: "word", name: binding.word };
    case "training":
      return { kind: "training", name: "training" };
    default:
      return binding;
  }
}

function argumentMeaning(checked: Checked, callee: Expression, name: string): Meaning | undefined {
  const type = checked.types.get(callee);
  const block = type?.kind === "block" ? type.signature.block : undefined;
  const parameter = block?.parameters.find((one) => one.name.text === name);
  if (block !== undefined) return parameter && { kind: "parameter", block, parameter };
  if (callee.kind !== "name") return undefined;
  const known = builtinsNamed(callee.text).some(({ parameters }) => parameters.some((one) => one.name === name));
  return known ? { kind: "argument", of: callee.text, name } : undefined;
}

/** The name in a size as written. */
function dimWord(dim: DimExpression): { readonly span: Span; readonly text: string } | undefined {
  const { span } = dim;
  if (dim.kind === "dim_name") return { span, text: dim.name };
  if (dim.kind === "dim_spread") return { span: { ...span, start: span.end - dim.name.length }, text: dim.name };
  if (dim.kind === "dim_field")
    return { span: { ...span, end: span.start + dim.parameter.length }, text: dim.parameter };
  return undefined;
}
