import type { Name } from "../syntax/ast.ts";
import type { Type } from "./checked.ts";
import { type Context, type Env, report } from "./context.ts";
import { typeOf, uses } from "./declarations.ts";
import { meant } from "./meant.ts";
import { primitiveSignature } from "./primitives.ts";
import { problems } from "./problems.ts";
import { meaningsOf, namesInScope } from "./scope.ts";
import { describeType, errorType } from "./types.ts";
import type { Builtin, Want } from "./want.ts";
import { fitsWant } from "./wants.ts";

/** What a name is, before it is known whether it is called. */
export type Resolved =
  | { readonly kind: "value"; readonly type: Type }
  | { readonly kind: "builtin"; readonly rows: readonly Builtin[] }
  | { readonly kind: "error" };

export interface Use {
  readonly called?: true;
  readonly input?: Type | undefined;
  /** Names of the arguments. */
  readonly named?: readonly string[];
}

/**
 * Finds what a name stands for and binds it. Nearest first: fields of the example, names of the body, names of the file; a name of the file
 * that does not fit gives way to a word or built-in that the place expects. `use` says whether it is called, and what flows in.
 */
export function resolve(c: Context, env: Env, name: Name, want: Want | undefined, use: Use = {}): Resolved {
  const { text } = name;
  const piped = use.input;
  const found = meaningsOf(c, env, text, want);
  // A word cannot be called.
  const m = use.called ? { ...found, word: undefined } : found;
  if (m.field !== undefined) {
    c.bindings.set(name, m.field);
    const type = env.fields?.get(text) ?? ({ kind: "tensor", dtype: "i32", axes: [] } as const);
    return { kind: "value", type };
  }
  const expected = m.word !== undefined || m.expected.length > 0;
  if (
    m.local !== undefined &&
    (!expected || want === undefined || fitsWant(m.local.type, want) || isBlockOf(m.local.type))
  ) {
    c.bindings.set(name, m.local.binding);
    return { kind: "value", type: m.local.type };
  }
  if (m.declared !== undefined) {
    const open = expected && c.declared.get(m.declared.declaration) === "open";
    const type = open ? errorType : typeOf(c, m.declared);
    if (!expected || (!open && want !== undefined && (fitsWant(type, want) || isBlockOf(type)))) {
      c.bindings.set(name, { kind: "declaration", ...m.declared });
      uses(c, env, m.declared.declaration, name.span);
      return { kind: "value", type };
    }
  }
  if (m.word !== undefined) {
    c.bindings.set(name, { kind: "word", type: m.word.type, word: text });
    if (m.word.type === "padding") return { kind: "value", type: { kind: "padding", value: text as "same" | "valid" } };
    return { kind: "value", type: { kind: "opaque", name: "word" } };
  }
  if (m.expected.length > 0) return builtin(c, name, m.expected);
  const takes = m.rows.filter((row) => piped !== undefined && takesPiped(row, piped));
  if (takes.length > 0 && (piped?.kind === "dataset" || piped?.kind === "step")) return builtin(c, name, takes);
  if (env.fields !== undefined && m.rows.some((row) => row.example))
    return builtin(
      c,
      name,
      m.rows.filter((row) => row.example),
    );
  const { named = [] } = use;
  const byNames = m.rows.filter((row) =>
    named.every((of) => row.parameters.some((parameter) => parameter.name === of)),
  );
  if (m.primitive && named.some((of) => !primitiveSignature(text).parameters.some(({ name: own }) => own === of)))
    if (byNames.length > 0) return builtin(c, name, byNames);
  if (m.standard !== undefined) {
    c.bindings.set(name, { kind: "declaration", ...m.standard });
    uses(c, env, m.standard.declaration, name.span);
    return { kind: "value", type: typeOf(c, m.standard) };
  }
  if (m.primitive) {
    c.bindings.set(name, { kind: "primitive", name: text });
    return { kind: "value", type: { kind: "block", signature: primitiveSignature(text) } };
  }
  if (text === "training") {
    c.bindings.set(name, { kind: "training" });
    return { kind: "value", type: { kind: "bool" } };
  }
  if (m.rows.length > 0) return builtin(c, name, m.rows);
  if (text !== "" && !c.missing.has(`${env.file.name}:${text}`)) reportUnknown(c, env, name, want);
  return { kind: "error" };
}

const isBlockOf = (type: Type): boolean => type.kind === "block";

const takesPiped = ({ parameters: [first] }: Builtin, piped: Type): boolean =>
  first !== undefined && fitsWant(piped, first.want);

function builtin(c: Context, name: Name, rows: readonly Builtin[]): Resolved {
  c.bindings.set(name, { kind: "builtin", name: name.text });
  return { kind: "builtin", rows };
}

function reportUnknown(c: Context, env: Env, name: Name, want: Want | undefined): void {
  const told = c.unknown.get(env.owner) ?? new Set();
  if (told.has(name.text)) return;
  c.unknown.set(env.owner, told.add(name.text));
  const elsewhere = c.exampleNames.has(name.text);
  const near = elsewhere ? undefined : c.near(name.text, namesInScope(c, env, want));
  report(
    c,
    elsewhere
      ? problems.outOfPlace(name.span, `\`${name.text}\` is known only where examples are chosen or changed`, {
          label: "not in scope here",
          help: "use it inside of where(…) or map(…)",
        })
      : problems.unknownName(name.span, `there is no \`${name.text}\``, {
          label: "unknown name",
          ...meant(near, name.span),
        }),
  );
}

/** A name that stands alone. A built-in that needs no arguments is as called without any. */
export function inferName(c: Context, env: Env, name: Name, want: Want | undefined): Type {
  const found = resolve(c, env, name, want);
  if (found.kind === "value") return found.type;
  if (found.kind === "error") return errorType;
  const bare = found.rows.filter((row) => row.parameters.every((parameter) => parameter.default !== undefined));
  const [row, other] = bare.length > 0 ? bare : found.rows;
  if (row === undefined) return errorType;
  if (other !== undefined && row.result !== other.result) {
    reportTwoMeanings(c, name, found.rows);
    return errorType;
  }
  if (row.result.result === "repeat" || row.result.result === "sequence" || bare.length === 0) {
    const missing = row.parameters.filter((parameter) => parameter.default === undefined);
    report(
      c,
      problems.arguments(
        name.span,
        `\`${name.text}\` is called: it needs ${missing.map((p) => `\`${p.name}\``).join(", ")}`,
        {
          label: "not called here",
          help: `write ${name.text}(${missing.map((p) => `${p.name}: …`).join(", ")})`,
        },
      ),
    );
    return errorType;
  }
  if (row.result.result === "opaque") return { kind: "opaque", name: row.result.name };
  return row.result.result === "type" ? row.result.type : errorType;
}

export function reportTwoMeanings(c: Context, name: Name, rows: readonly Builtin[]): void {
  const kinds = [...new Set(rows.flatMap((row) => (row.result.result === "opaque" ? [row.result.name] : [])))];
  report(
    c,
    problems.twoMeanings(
      name.span,
      `\`${name.text}\` may be ${kinds.map((kind) => describeType({ kind: "opaque", name: kind })).join(" or ")}`,
      {
        label: "which one is not known here",
        help:
          kinds.length > 0
            ? `say it with a type: ${kinds.map((kind) => `let name: ${kind} = …`).join(" or ")}`
            : undefined,
      },
    ),
  );
}
