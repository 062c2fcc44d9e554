import type { Span } from "../diagnostic/diagnostic.ts";
import { variablesOf } from "../shape/dim.ts";
import type { Argument, Call, Expression, Name, Pipe } from "../syntax/ast.ts";
import { applyLayers, applySignature, staticBindings } from "./apply.ts";
import { matchArguments, missingArguments } from "./arguments.ts";
import { isTensorType } from "./blocks.ts";
import { callBuiltin, pickRow } from "./builtin-calls.ts";
import type { Signature, SignatureParameter, Type } from "./checked.ts";
import { attempt, type Context, type Env, report } from "./context.ts";
import { substituteType } from "./dims.ts";
import { infer, type Place, settle } from "./expressions.ts";
import { resolve } from "./names.ts";
import { anyTensor, applyPrimitive } from "./primitives.ts";
import { problems } from "./problems.ts";
import { isKnown, namesInScope } from "./scope.ts";
import { reportInside, reportMismatch } from "./shape-problems.ts";
import { checkShared } from "./shared.ts";
import { shorten, stageNotes } from "./stages.ts";
import { describeType, errorType, showSignature } from "./types.ts";
import { isUnfit } from "./unfit.ts";
import type { Want } from "./want.ts";
import { declaredParameter } from "./why.ts";

/** A call, or a stage of a pipe with its input. */
export interface Site {
  readonly node: Call | Pipe;
  /** What an error about the whole points at: the call, or the stage. */
  readonly span: Span;
  /** As written, on one line: `dense(10)`. */
  readonly text: string;
  readonly arguments: readonly Argument[];
  readonly input?: { readonly expression: Expression; readonly type: Type };
  /** The name that is called. */
  readonly callee?: Name;
}

export function inferCall(c: Context, env: Env, e: Call, want: Want | undefined): Type {
  return apply(c, env, e.callee, { node: e, span: e.span, text: textOf(c, e.span), arguments: e.arguments }, want);
}

/** Stage after stage, in a loop: a pipeline may be long. */
export function inferPipe(c: Context, env: Env, e: Pipe, want: Want | undefined): Type {
  const chain: Pipe[] = [e];
  for (let input = e.input; input.kind === "pipe"; input = input.input) chain.push(input);
  let type = infer(c, env, chain.at(-1)!.input);
  for (const pipe of chain.reverse()) {
    const { stage, input } = pipe;
    const site: Site = {
      node: pipe,
      span: stage.span,
      text: textOf(c, stage.span),
      arguments: stage.kind === "call" ? stage.arguments : [],
      input: { expression: input, type },
    };
    type = apply(c, env, stage.kind === "call" ? stage.callee : stage, site, pipe === e ? want : undefined);
    c.types.set(pipe, type);
  }
  return type;
}

const textOf = (c: Context, { file, start, end }: Span): string =>
  shorten(c.files.get(file)?.text.slice(start, end) ?? "");

function apply(c: Context, env: Env, callee: Expression, site: Site, want: Want | undefined): Type {
  if (callee.kind === "name") {
    const found = resolve(c, env, callee, want, {
      called: true,
      input: site.input?.type,
      named: site.arguments.flatMap(({ name }) => (name === undefined ? [] : [name.text])),
    });
    if (found.kind === "error") return ofNearName(c, env, callee, site, want) ?? unresolved(c, env, site);
    if (found.kind === "builtin") {
      const row = pickRow(c, callee, found.rows, site);
      return row === undefined ? unresolved(c, env, site) : callBuiltin(c, env, row, site, want);
    }
    c.types.set(callee, found.type);
    return applyValue(c, env, found.type, callee, { ...site, callee });
  }
  return applyValue(c, env, infer(c, env, callee), callee, site);
}

/** What the call gives if the name that is near to an unknown one was meant, and nothing else is wrong then. */
function ofNearName(c: Context, env: Env, callee: Name, site: Site, want: Want | undefined): Type | undefined {
  const near = c.near(callee.text, namesInScope(c, env, want));
  if (near === undefined) return undefined;
  const trial = attempt(c);
  const type = apply(trial, env, { ...callee, text: near.word }, site, want);
  return trial.problems.length === 0 && type.kind !== "error" ? type : undefined;
}

function applyValue(c: Context, env: Env, type: Type, callee: Expression, site: Site): Type {
  if (type.kind === "block") return applyBlock(c, env, type.signature, site);
  if (type.kind !== "error")
    report(
      c,
      problems.notCallable(callee.span, `${describeType(type)} cannot be called`, {
        label: site.input === undefined ? "not a block" : "not a stage of a pipe",
        help:
          type.kind === "int" && site.input !== undefined
            ? `blocks and layers can be, and take numbers as arguments: \`layer(${site.text})\``
            : "blocks, layers and built-in functions can be called",
      }),
    );
  return unresolved(c, env, site);
}

/** Nothing is known of what is called; its arguments may be wrong all the same. */
function unresolved(c: Context, env: Env, site: Site): Type {
  if (site.input?.type.kind === "tensor" || site.input === undefined)
    for (const { value } of site.arguments) if (!isBareWord(value)) infer(c, env, value);
  return errorType;
}

/** A lone name may be a word that only the unknown callee would understand. */
const isBareWord = (e: Expression): boolean =>
  e.kind === "name" ||
  e.kind === "type" ||
  e.kind === "record" ||
  (e.kind === "list" && e.items.some(isBareWord)) ||
  (e.kind === "call" && e.callee.kind === "name");

function applyBlock(c: Context, env: Env, signature: Signature, site: Site): Type {
  if (signature.open) {
    // Which block it is, and so what its parameters are, each call of the block around it says.
    for (const { value } of site.arguments) infer(c, env, value);
    return errorType;
  }
  const parameters: readonly SignatureParameter[] =
    signature.layers === undefined ? signature.parameters : [{ name: "input", type: anyTensor, optional: false }];
  const known = new Map<Expression, Type>();
  if (site.input !== undefined) known.set(site.input.expression, site.input.type);
  const layer = site.input === undefined && signature.layers === undefined && isLayer(c, env, parameters, site, known);
  const offered = layer ? parameters.filter(({ type }) => !isTensorType(type)) : parameters;
  const callee = { name: signature.name, shown: showSignature(signature) };
  const found = matchArguments(c, callee, offered, site, layer ? parameters : offered);
  // An argument that is wrong may be the array that seems to be missing.
  const doubtful = site.input === undefined && [...known.values()].some(({ kind }) => kind === "error");
  const matched = doubtful ? { ...found, failed: true } : found;
  c.calls.set(site.node, { arguments: matched.given, layer });
  const complete = missingArguments(c, callee, offered, matched, site);
  if (signature.primitive !== undefined && !layer)
    return complete
      ? applyPrimitive(c, env, signature.primitive, new Map([...matched.given]), known, {
          span: site.span,
          text: site.text,
          ...(site.input === undefined ? {} : { pipeline: site.input.expression }),
        })
      : errorType;
  const types = argumentTypes(c, env, signature, parameters, matched.given, known);
  if (!complete || matched.failed) return errorType;
  if (layer) return { kind: "block", signature: layerOf(signature, types) };
  if (signature.layers !== undefined) {
    const result = applyLayers(c, signature.layers, signature.times ?? 1, types.get("input") ?? errorType);
    if (!isUnfit(result)) return result;
    reportInside(c, env, site, result);
    return errorType;
  }
  const applied = applySignature(c, signature, types);
  for (const mismatch of applied.mismatches) reportMismatch(c, env, signature, mismatch, matched.given, site);
  if (applied.problem !== undefined) reportInside(c, env, site, applied.problem);
  if (applied.mismatches.length > 0) return applied.type;
  checkShared(c, env, signature, applied.bindings, site);
  return checkSizes(c, applied.type, site) ? applied.type : errorType;
}

/** Whether a call outside of a pipe leaves the array inputs out: then it makes a layer. */
function isLayer(
  c: Context,
  env: Env,
  parameters: readonly SignatureParameter[],
  site: Site,
  known: Map<Expression, Type>,
): boolean {
  const arrays = parameters.filter(({ type, optional }) => isTensorType(type) && !optional);
  const enough = site.arguments.length >= parameters.filter(({ optional }) => !optional).length;
  if (enough && takesNumber(arrays[0]?.type, site)) return false;
  if (arrays.length === 0 || site.arguments.some(({ name }) => arrays.some((array) => array.name === name?.text)))
    return false;
  for (const { name, value } of site.arguments) {
    if (name !== undefined || isPlainlyStatic(value)) continue;
    // A name of the file or a word is no array; an unknown one may have been meant as one.
    if (value.kind === "name" && !env.locals.has(value.text) && !env.fields?.has(value.text))
      if (isKnown(c, env, value.text)) continue;
    const type = infer(c, env, value);
    known.set(value, type);
    if (type.kind === "tensor" || type.kind === "record" || type.kind === "error") return false;
    if (arrays[0]?.type === anyTensor && enough && type.kind !== "list" && type.kind !== "string") return false;
  }
  return true;
}

/** A number or bool stands where any array or one of no axes is taken: `maximum(0, x)`, `broadcast(1.0, [3])`. */
const takesNumber = (type: Type | undefined, { arguments: [first] }: Site): boolean =>
  type?.kind === "tensor" &&
  (type === anyTensor || type.axes.length === 0) &&
  first?.name === undefined &&
  (first?.value.kind === "int" || first?.value.kind === "float" || first?.value.kind === "bool");

/** Never an array, whatever is around it. */
const isPlainlyStatic = (e: Expression): boolean =>
  ["int", "float", "size", "string", "bool", "list", "record", "missing"].includes(e.kind);

/** Types of the arguments, each checked against its parameter; shapes are unified later. */
function argumentTypes(
  c: Context,
  env: Env,
  signature: Signature,
  parameters: readonly SignatureParameter[],
  given: ReadonlyMap<string, Expression>,
  known: ReadonlyMap<Expression, Type>,
): ReadonlyMap<string, Type> {
  const types = new Map<string, Type>();
  const sizes = sizesIn(signature);
  for (const { name, type } of parameters) {
    const expression = given.get(name);
    if (expression === undefined) continue;
    const plain = withoutValue(type);
    const place = { what: `\`${name}\` of \`${signature.name}\``, why: declaredParameter(c, signature, name) };
    const want: Want = { want: "value", type: plain };
    const found = known.get(expression) ?? infer(c, env, expression, want);
    if (type.kind === "tensor") {
      const ok = found.kind === "tensor" && found.dtype === type.dtype;
      const scalar = found.kind === "int" || found.kind === "float" || found.kind === "bool";
      types.set(
        name,
        ok || (scalar && type.axes.length === 0) || found.kind === "error"
          ? found
          : settleArray(c, expression, found, type, want, place),
      );
      continue;
    }
    const settled = settle(c, expression, found, want, place);
    if (isSizeUnknown(name, settled, sizes)) {
      report(
        c,
        problems.sizeUnknown(expression.span, `${place.what} makes a size, and must be known before the program runs`, {
          label: "not known while checking",
          help: "write the number, or make it a param: `param units: int = 10`",
        }),
      );
      types.set(name, errorType);
    } else types.set(name, settled);
  }
  return types;
}

/** Another element type, or no array at all; a wrong shape is for unification. */
function settleArray(c: Context, e: Expression, found: Type, type: Type, want: Want, place: Place): Type {
  const fits = settle(c, e, found, want, place);
  return fits.kind === "error" ? errorType : type.kind === "tensor" ? found : errorType;
}

const withoutValue = (type: Type): Type =>
  type.kind === "int" || type.kind === "size" || type.kind === "padding" ? { kind: type.kind } : type;

/** Variables that a signature's shapes are made of. */
function sizesIn({ parameters, result }: Signature): ReadonlySet<string> {
  const names = new Set<string>();
  for (const type of [...parameters.map((parameter) => parameter.type), result])
    if (type.kind === "tensor")
      for (const axis of type.axes) if (typeof axis !== "number" && !("spread" in axis)) variablesOf(axis, names);
  return names;
}

const isSizeUnknown = (name: string, type: Type, sizes: ReadonlySet<string>): boolean =>
  (type.kind === "int" && type.value === undefined && sizes.has(name)) ||
  (type.kind === "size" && (type.y === undefined || type.x === undefined) && sizes.has(`${name}.y`));

/** What is left of a block once its other arguments are given. */
function layerOf(signature: Signature, types: ReadonlyMap<string, Type>): Signature {
  const statics = staticBindings(signature, types);
  const arrays = signature.parameters.filter(({ type }) => isTensorType(type));
  const rest = signature.parameters.flatMap(({ name, type, default: value }) => {
    const given = types.get(name) ?? (value === undefined ? undefined : substituteType(value, statics));
    return isTensorType(type) || given === undefined ? [] : [[name, given] as const];
  });
  return {
    name: signature.name,
    parameters: arrays.map((parameter) => ({ ...parameter, type: substituteType(parameter.type, statics) })),
    result: substituteType(signature.result, statics),
    given: new Map([...(signature.given ?? []), ...rest]),
    ...(signature.block === undefined ? {} : { block: signature.block }),
    ...(signature.primitive === undefined ? {} : { primitive: signature.primitive }),
  };
}

/** A size below 1 comes from a window that does not fit. */
function checkSizes(c: Context, type: Type, site: Site): boolean {
  if (type.kind !== "tensor") return true;
  const bad = type.axes.findIndex((axis) => typeof axis === "number" && axis < 1);
  if (bad < 0) return true;
  const input = site.input?.type;
  report(
    c,
    problems.badSize(site.span, `${site.text} leaves nothing of axis ${bad}: its window is larger than its input`, {
      label: input === undefined ? "too large for its input" : `too large for ${describeType(input)}`,
      notes: site.input === undefined ? [] : stageNotes(c, site.input.expression),
      help: "take a smaller window, or `pad: same`",
    }),
  );
  return false;
}
