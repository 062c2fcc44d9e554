import type { Expression, RecordExpression, TypeExpression } from "../syntax/ast.ts";
import type { TensorTypeSymbolic, Type } from "./checked.ts";
import { type Context, type Env, report } from "./context.ts";
import { typeOfExpression } from "./dims.ts";
import { check, isTypeExpression, reportFieldTwice } from "./expressions.ts";
import { problems } from "./problems.ts";
import { errorType, showType } from "./types.ts";

/** `image: f32[28, 28, 1]`, `fields: { age: f32[] }`, `fields: { image: "x.npy" as f32[28, 28, 1] }`: a type as a type. */
export function declaredFields(
  c: Context,
  env: Env,
  e: Expression,
  want: "type" | "types" | "files",
  place: { readonly what: string },
): Type {
  if (e.kind === "missing") return errorType;
  if (want === "type" && e.kind === "type") return knownType(c, env, e.type);
  if (want !== "type" && e.kind === "record") return recordOfTypes(c, env, e, want);
  const example = {
    type: "f32[28, 28, 1]",
    types: "{ age: f32[], label: class[3] }",
    files: '{ image: "x.npy" as f32[28, 28, 1] }',
  }[want];
  report(
    c,
    problems.wrongType(e.span, `${place.what} needs a type`, {
      label: "a type expected here",
      help: `write it as ${example}`,
    }),
  );
  return errorType;
}

function recordOfTypes(c: Context, env: Env, e: RecordExpression, want: "types" | "files"): Type {
  const fields = new Map<string, Type>();
  for (const field of e.fields) {
    const { name, value } = field;
    if (fields.has(name.text)) {
      reportFieldTwice(c, field);
      continue;
    }
    if (want === "types" && isTypeExpression(value)) fields.set(name.text, knownType(c, env, value));
    else if (want === "types" && !isTypeExpression(value) && value.kind === "type")
      fields.set(name.text, knownType(c, env, value.type));
    else if (want === "files" && !isTypeExpression(value) && value.kind === "as") {
      check(c, env, value.value, { want: "string" }, { what: `the file of \`${name.text}\`` });
      fields.set(name.text, knownType(c, env, value.type));
    } else {
      fields.set(name.text, errorType);
      if (value.kind !== "missing" && value.kind !== "type_missing")
        report(
          c,
          problems.wrongType(
            value.span,
            want === "types" ? `\`${name.text}\` needs a type` : `\`${name.text}\` needs a file and its type`,
            {
              label: want === "types" ? "a type expected here" : '"file" as type expected here',
              help: want === "types" ? "write f32[28, 28, 1] or class[10]" : 'write "x.npy" as f32[28, 28, 1]',
            },
          ),
        );
    }
  }
  return { kind: "record", fields };
}

/** The type of a field of data: an array whose sizes are numbers. */
function knownType(c: Context, env: Env, e: TypeExpression): Type {
  const type = typeOfExpression(c, env, e);
  if (type.kind === "error") return type;
  const known =
    type.kind === "tensor" &&
    type.axes.every((axis) => typeof axis === "number") &&
    (type.classes === undefined || typeof type.classes === "number");
  if (known) return type;
  report(
    c,
    problems.sizeUnknown(e.span, `the type of a field says every size, and ${showType(type)} does not`, {
      label: "numbers expected here",
    }),
  );
  return errorType;
}

/** The data set that a source declares. */
export function declaredData(
  c: Context,
  by: "csv" | "npy" | "idx" | "images" | "glyphs",
  types: ReadonlyMap<string, Type>,
  given: ReadonlyMap<string, Expression>,
): Type {
  const fields = new Map<string, TensorTypeSymbolic>();
  const declared = types.get("fields");
  if (declared?.kind === "record") {
    for (const [name, type] of declared.fields) {
      if (type.kind !== "tensor") return errorType;
      fields.set(name, type);
    }
    return { kind: "dataset", fields };
  }
  if (by === "csv" || by === "npy") return errorType;
  const image: Type = types.get("image") ?? { kind: "tensor", dtype: "f32", axes: [28, 28, 1] };
  if (image.kind !== "tensor") return errorType;
  const classes = classesOf(by, types.get("classes"), c, given.get("classes"));
  if (classes === undefined) return errorType;
  fields.set("image", image).set("label", { kind: "tensor", dtype: "i32", axes: [], classes });
  const data: Type = { kind: "dataset", fields };
  if (by !== "glyphs") return data;
  return {
    kind: "record",
    fields: new Map([
      ["train", data],
      ["test", data],
    ]),
  };
}

function classesOf(by: string, type: Type | undefined, c: Context, e: Expression | undefined): number | undefined {
  if (by === "glyphs") return 10;
  if (type?.kind === "list") return type.items?.length;
  if (type?.kind !== "int") return undefined;
  if (typeof type.value === "number") return type.value;
  if (e !== undefined)
    report(
      c,
      problems.sizeUnknown(e.span, "the number of classes must be known before the program runs", {
        label: "not known while checking",
      }),
    );
  return undefined;
}
