import type { Note, Span } from "../diagnostic/diagnostic.ts";
import { type Bindings, isSpread, noBindings, variable, variablesOf } from "../shape/dim.ts";
import type { Block, Expression, File, Parameter } from "../syntax/ast.ts";
import type { Signature, SignatureParameter, TensorTypeSymbolic, Type } from "./checked.ts";
import { attempt, type BodyEnv, type Context, type Env, type Local, report } from "./context.ts";
import { sizesIn, substituteType, typeOfExpression } from "./dims.ts";
import { check, infer } from "./expressions.ts";
import { meant } from "./meant.ts";
import { problems } from "./problems.ts";
import { warnOfShadow } from "./scope.ts";
import { stageNotes } from "./stages.ts";
import { describeType, errorType, fitsType, showType } from "./types.ts";
import { type Unfit, unfit } from "./unfit.ts";
import { axesThatDiffer } from "./why.ts";

/** What a block takes and gives, sizes as variables of its parameters' types. */
export function signatureOf(c: Context, block: Block, file: File): Signature {
  const known = c.signatures.get(block);
  if (known !== undefined) return known;
  const env = blockEnv(c.root, block, file);
  const parameters = block.parameters.map((parameter): SignatureParameter => {
    const name = parameter.name.text;
    const type = env.locals.get(name)?.type ?? errorType;
    if (parameter.default === undefined) return { name, type, optional: false };
    const plain = declaredType(type);
    const value = check(
      c.root,
      env,
      parameter.default,
      { want: "value", type: plain },
      { what: `the default of \`${name}\`` },
    );
    return { name, type, optional: true, default: value };
  });
  const signature: Signature = {
    name: block.name.text,
    parameters,
    result: resultType(c.root, block, env),
    block,
  };
  c.signatures.set(block, signature);
  return signature;
}

/** An int parameter is the variable of its name; the type alone says nothing of its value. */
const declaredType = (type: Type): Type =>
  type.kind === "int" || type.kind === "size" || type.kind === "padding" ? { kind: type.kind } : type;

/** Parameters and dimension variables as the body sees them. */
function blockEnv(c: Context, block: Block, file: File): BodyEnv {
  const known = c.environments.get(block);
  if (known !== undefined) return known;
  const locals = new Map<string, Local>();
  const env = { file, owner: block, locals };
  c.environments.set(block, env);
  for (const parameter of block.parameters) {
    const name = parameter.name.text;
    const before = locals.get(name);
    if (before !== undefined) reportTwice(c, parameter.name.span, name);
    const type = parameterType(c, env, parameter);
    locals.set(name, { binding: { kind: "parameter", block, parameter }, type });
  }
  for (const name of dimensionVariables([...locals.values()].map((local) => local.type)))
    if (!locals.has(name) && !name.includes("."))
      locals.set(name, { binding: { kind: "dimension", block, name }, type: { kind: "int", value: variable(name) } });
  return env;
}

const reportTwice = (c: Context, span: Span, name: string) =>
  report(
    c,
    problems.declaredTwice(span, `\`${name}\` is declared twice`, {
      label: "declared again here",
      help: "give one of them another name",
    }),
  );

function parameterType(c: Context, env: Env, { name, type }: Parameter): Type {
  const declared = typeOfExpression(c, env, type);
  switch (declared.kind) {
    case "int":
      return { kind: "int", value: variable(name.text) };
    case "size":
      return { kind: "size", y: variable(`${name.text}.y`), x: variable(`${name.text}.x`) };
    case "padding":
      return { kind: "padding", value: { variable: name.text } };
    default:
      return declared;
  }
}

/** Names of the dimension variables in the types of a block's tensor parameters. */
export function dimensionVariables(types: readonly Type[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const type of types)
    if (type.kind === "tensor") {
      for (const axis of type.axes) if (!isSpread(axis)) variablesOf(axis, names);
      if (type.classes !== undefined) variablesOf(type.classes, names);
    } else if (type.kind === "record")
      for (const name of dimensionVariables([...type.fields.values()])) names.add(name);
  return names;
}

/** Whether a body is right for all that its parameters may be. */
function isSound(c: Context, block: Block, file: File): boolean {
  checkBlock(c, block, file);
  const { start, end } = block.span;
  return !c.problems.some(
    ({ severity, span }) => severity === "error" && span.file === file.name && span.start >= start && span.end <= end,
  );
}

/** Checks a body once, for all sizes. */
export function checkBlock(c: Context, block: Block, file: File): void {
  if (c.bodies.has(block)) return;
  c.bodies.add(block);
  const signature = signatureOf(c, block, file);
  const env = blockEnv(c.root, block, file);
  const body = walkBody(c, block, { ...env, locals: new Map(env.locals) }, signature.result, noBindings);
  if (!resultFits(body, signature.result))
    report(
      c,
      problems.resultShape(
        tailSpan(block.body),
        `\`${block.name.text}\` gives ${showResult(body)}, and says it gives ${showResult(signature.result)}`,
        {
          label: `${showType(signature.result)} expected here`,
          notes: [
            ...stageNotes(c, block.body),
            { kind: "text", text: "declared here", span: block.result.span },
            ...axesThatDiffer(body, signature.result),
          ],
          help: body.kind === "tensor" ? `change the body, or the declared result to ${showType(body)}` : undefined,
        },
      ),
    );
}

const showResult = (type: Type): string => (type.kind === "record" ? showType(type) : describeType(type));

const resultFits = (body: Type, result: Type): boolean => {
  if (body.kind === "int" && result.kind === "int") return true;
  return fitsType(body, result);
};

/** Sizes of the result that no parameter tells are reported, and the result is then not known. */
function resultType(c: Context, block: Block, env: BodyEnv): Type {
  const type = typeOfExpression(c, env, block.result);
  const bound = new Set(["same", "valid", ...env.locals.keys()]);
  for (const [name, { type: of }] of env.locals) {
    if (of.kind === "size") bound.add(`${name}.y`).add(`${name}.x`);
    if (of.kind === "tensor") for (const axis of of.axes) if (isSpread(axis)) bound.add(`...${axis.spread}`);
  }
  const free = sizesIn(block.result).filter(({ name }) => !bound.has(name) && !c.names.get(env.file)?.has(name));
  const told = c.unknown.get(block) ?? new Set();
  c.unknown.set(block, told);
  // A parameter whose type could not be read may have told it.
  const unread = block.parameters.some(({ type: { kind } }) => kind === "type_missing");
  for (const { name, span } of free) {
    if (unread || told.has(name)) continue;
    told.add(name);
    const near = c.near(name, [...bound]);
    report(
      c,
      problems.unknownName(span, `there is no size \`${name}\``, {
        label: "no parameter tells it",
        ...meant(near, span, "a result's sizes are made of its parameters'"),
      }),
    );
  }
  return free.length > 0 || block.parameters.some(({ name }) => env.locals.get(name.text)?.type.kind === "error")
    ? errorType
    : type;
}

/** The last thing that made the value: the stage of a pipe. */
export const tailSpan = (e: Expression): Span =>
  e.kind === "group" ? tailSpan(e.inner) : e.kind === "pipe" ? e.stage.span : e.span;

/** Statements in order, then the result. `bindings` holds known sizes where a body is tried for given arguments. */
function walkBody(c: Context, block: Block, env: BodyEnv, result: Type, bindings: Bindings): Type {
  const { locals } = env;
  const declared = (type: Type) => substituteType(type, bindings);
  const own = new Set<string>();
  for (const statement of block.statements) {
    const name = statement.name.text;
    if (own.has(name) || locals.get(name)?.binding.kind === "parameter") reportTwice(c, statement.name.span, name);
    own.add(name);
    if (statement.kind === "let") warnOfShadow(c, env.file, statement.name);
    let type: Type;
    if (statement.kind === "let") {
      const annotated = statement.type === undefined ? undefined : declared(typeOfExpression(c, env, statement.type));
      type =
        annotated === undefined
          ? infer(c, env, statement.value)
          : check(
              c,
              env,
              statement.value,
              { want: "value", type: annotated },
              { what: `\`${name}\``, why: { text: `\`${name}\` is declared here`, span: statement.type!.span } },
            );
    } else {
      type = declared(typeOfExpression(c, env, statement.type));
      if (type.kind !== "tensor" && type.kind !== "error") {
        report(
          c,
          problems.wrongType(
            statement.type.span,
            `a ${statement.kind} is an array, and \`${name}\` is ${describeType(type)}`,
            {
              label: "f32[…] expected here",
            },
          ),
        );
        type = errorType;
      }
      check(c, env, statement.init, { want: "opaque", name: "init" }, { what: `\`${name}\`` });
    }
    locals.set(name, { binding: { kind: "local", statement }, type });
  }
  for (const statement of block.statements) {
    const local = locals.get(statement.name.text);
    if (statement.kind === "state" && local !== undefined)
      check(
        c,
        env,
        statement.rule,
        { want: "value", type: local.type },
        {
          what: `the rule of \`${statement.name.text}\``,
          why: { text: `\`${statement.name.text}\` is declared here`, span: statement.type.span },
        },
      );
  }
  return infer(c, env, block.body, { want: "value", type: result });
}

/** How deep blocks that take blocks may be tried inside of each other. */
const DEPTH = 16;

/**
 * The result of a body for these arguments: for blocks that take blocks, and for results that only the body tells. Gives the first problem
 * that the arguments bring.
 */
export function instantiate(
  c: Context,
  block: Block,
  file: File,
  given: ReadonlyMap<string, Type>,
  bindings: Bindings,
): { readonly type: Type; readonly problem?: Unfit } {
  if (c.depth >= DEPTH || c.trying.has(block)) return { type: errorType };
  const trial = { ...attempt(c), trying: new Set([...c.trying, block]) };
  const env = blockEnv(c.root, block, file);
  const locals = new Map(env.locals);
  for (const [name, local] of locals) {
    const type = given.get(name);
    locals.set(name, { ...local, type: type ?? substituteType(local.type, bindings) });
  }
  const type = walkBody(trial, block, { ...env, locals }, errorType, bindings);
  const problem = trial.problems.find((found) => found.severity === "error");
  // What is wrong for all arguments is told where the block stands.
  if (problem !== undefined && !isSound(c.root, block, file)) return { type: errorType };
  if (problem === undefined) return { type };
  const notes = problem.notes.filter(({ kind }) => kind === "text");
  const inside: Note = { kind: "text", text: `in \`${block.name.text}\``, span: problem.span };
  return { type: errorType, problem: unfit(problem.message, { notes: [...notes, inside] }) };
}

export const tensorParameters = (signature: Signature): readonly SignatureParameter[] =>
  signature.parameters.filter(({ type }) => isTensorType(type));

export const isTensorType = (type: Type): boolean =>
  type.kind === "tensor" || (type.kind === "record" && [...type.fields.values()].some(isTensorType));

export const asTensor = (type: Type): TensorTypeSymbolic | undefined => (type.kind === "tensor" ? type : undefined);
