import type { Field, Source } from "../../plan/dataset.ts";
import { noBindings } from "../../shape/dim.ts";
import type { Expression, RecordField, TypeExpression } from "../../syntax/ast.ts";
import { isExpression } from "../../syntax/parts.ts";
import { dimOf, knownTensor } from "../dims.ts";
import { evaluate, fileSizes } from "../expression.ts";
import { readNumber, readText } from "../read.ts";
import { refuse } from "../refusal.ts";
import { type Scope, spanFor } from "../scope.ts";

export type Part = "train" | "test";

/** A source and what its examples hold. `parts` where it is a record { train, test }. */
export type SourceDeclaration =
  | { readonly kind: "parts"; readonly parts: Readonly<Record<Part, PartDeclaration>> }
  | { readonly kind: "one"; readonly part: PartDeclaration };

export interface PartDeclaration {
  readonly source: Source;
  readonly fields: readonly Field[];
}

const sources = ["mnist", "cifar10", "glyphs", "csv", "npy", "idx", "images"] as const;
type SourceName = (typeof sources)[number];
export const isSource = (name: string): name is SourceName => sources.some((known) => known === name);

type Given = ReadonlyMap<string, Expression>;

/** A source as its call declares it. */
export const declareSource = (name: SourceName, given: Given, e: Expression, scope: Scope): SourceDeclaration => {
  const one = (source: Source, fields: readonly Field[]): SourceDeclaration => ({
    kind: "one",
    part: { source, fields },
  });
  switch (name) {
    case "mnist":
    case "cifar10":
      return pictures(name, given, scope);
    case "glyphs":
      return glyphs(given, scope);
    case "csv":
      return one({ kind: "csv", path: text(given, "file", scope) }, typedFields(given.get("fields")!, scope));
    case "npy": {
      const files = fileFields(given.get("fields")!, scope);
      const paths = Object.fromEntries(files.map(({ field, path }) => [field.name, path]));
      return one(
        { kind: "npy", files: paths },
        files.map(({ field }) => field),
      );
    }
    case "idx": {
      const classes = number(given, "classes", 1, scope);
      const source = { kind: name, images: text(given, "images", scope), labels: text(given, "labels", scope) };
      return one(source, [imageField(given.get("image")!, scope), labelField(classes)]);
    }
    case "images": {
      const list = evaluate(given.get("classes")!, scope);
      const classes = list.kind === "list" ? list.items.map((item) => readText(item, "classes", { e, scope })) : [];
      const source = { kind: name, path: text(given, "folder", scope), classes };
      return one(source, [imageField(given.get("image")!, scope), labelField(classes.length)]);
    }
  }
};

const labelField = (classes: number): Field => ({ name: "label", type: { dtype: "i32", shape: [] }, classes });

const pictureFields = (shape: readonly number[]): readonly Field[] => [
  { name: "image", type: { dtype: "f32", shape } },
  labelField(10),
];

const pictures = (kind: "mnist" | "cifar10", given: Given, scope: Scope): SourceDeclaration => {
  const fields = pictureFields(kind === "mnist" ? [28, 28, 1] : [32, 32, 3]);
  const fallback = fallbackOf(given.get("fallback"), scope);
  const part = (of: Part): PartDeclaration => {
    const stand = fallback && (fallback.kind === "parts" ? fallback.parts[of] : fallback.part);
    return { source: stand === undefined ? { kind, part: of } : { kind, part: of, fallback: stand.source }, fields };
  };
  return { kind: "parts", parts: { train: part("train"), test: part("test") } };
};

/** As many examples to test with as MNIST has for each to train with. */
const TRAIN_TO_TEST = 6;

const glyphs = (given: Given, scope: Scope): SourceDeclaration => {
  const n = number(given, "n", 1, scope);
  const seed = given.has("seed") ? number(given, "seed", undefined, scope) : 0;
  const type = given.get("image");
  const shape = type === undefined ? [28, 28, 1] : imageField(type, scope).type.shape;
  const part = (of: Part): PartDeclaration => ({
    source: { kind: "glyphs", part: of, n: of === "train" ? n : Math.ceil(n / TRAIN_TO_TEST), seed, shape },
    fields: pictureFields(shape),
  });
  return { kind: "parts", parts: { train: part("train"), test: part("test") } };
};

/** `none`, a call of a source, or the name of a `let` that is one. */
const fallbackOf = (e: Expression | undefined, scope: Scope): SourceDeclaration | undefined => {
  if (e === undefined) return undefined;
  const { bindings, calls } = scope.session.checked;
  if (e.kind === "group") return fallbackOf(e.inner, scope);
  if (e.kind === "name") {
    const binding = bindings.get(e);
    if (binding?.kind === "word") return undefined;
    if (binding?.kind === "declaration" && binding.declaration.kind === "let")
      return fallbackOf(binding.declaration.value, scope);
  }
  if (e.kind === "call" && e.callee.kind === "name") {
    const name = e.callee.text;
    const given = calls.get(e)?.arguments;
    if (given !== undefined && isSource(name)) return declareSource(name, given, e, scope);
  }
  throw refuse.value(spanFor(e.span, scope), "what stands in for a source is another source");
};

const text = (given: Given, name: string, scope: Scope): string => {
  const e = given.get(name)!;
  return readText(evaluate(e, scope), name, { e, scope });
};

const number = (given: Given, name: string, from: number | undefined, scope: Scope): number => {
  const e = given.get(name)!;
  return readNumber(evaluate(e, scope), name, from === undefined ? { whole: true } : { whole: true, from }, {
    e,
    scope,
  });
};

/** `fields: { age: f32[], label: class[3] }` */
const typedFields = (e: Expression, scope: Scope): readonly Field[] =>
  recordFields(e, scope).map(({ name, value }) => fieldOf(name.text, typeIn(value), scope));

/** `fields: { image: "x.npy" as f32[28, 28, 1] }` */
const fileFields = (e: Expression, scope: Scope): readonly { readonly field: Field; readonly path: string }[] =>
  recordFields(e, scope).map(({ name, value }) => {
    if (!isExpression(value) || value.kind !== "as")
      throw refuse.value(spanFor(name.span, scope), `\`${name.text}\` takes \`"file" as type\``);
    return {
      field: fieldOf(name.text, value.type, scope),
      path: readText(evaluate(value.value, scope), name.text, { e: value, scope }),
    };
  });

const recordFields = (e: Expression, scope: Scope): readonly RecordField[] => {
  if (e.kind === "record") return e.fields;
  if (e.kind === "group") return recordFields(e.inner, scope);
  throw refuse.value(spanFor(e.span, scope), "the fields of a source are written out as a record");
};

const imageField = (e: Expression, scope: Scope): Field => fieldOf("image", typeIn(e), scope);

const typeIn = (value: RecordField["value"]): TypeExpression | undefined =>
  isExpression(value) ? (value.kind === "type" ? value.type : undefined) : value;

const fieldOf = (name: string, type: TypeExpression | undefined, scope: Scope): Field => {
  const sizes = fileSizes(scope);
  const known = type && knownTensor(type, noBindings, sizes);
  if (type === undefined || known === undefined)
    throw refuse.shape(
      spanFor(type?.span ?? { file: scope.place, start: 0, end: 0 }, scope),
      `the field \`${name}\` needs a type with known sizes`,
    );
  if (type.kind !== "type_class") return { name, type: known };
  const classes = dimOf(type.classes, sizes);
  return typeof classes === "number" ? { name, type: known, classes } : { name, type: known };
};
