import type { Binding, Checked } from "../check/checked.ts";
import type {
  BinaryOperator,
  Declaration,
  Expression,
  Let,
  Name,
  Param,
  Parameter,
  Pipe,
  RecordField,
  Statement,
} from "../syntax/ast.ts";
import { oneLine } from "../syntax/one-line.ts";
import { isExpression } from "../syntax/parts.ts";
import { applyCall } from "./call.ts";
import type { FileSize } from "./dims.ts";
import { mustBeCounted } from "./kinds/classes.ts";
import { stepField } from "./kinds/steps.ts";
import { settingValue } from "./param.ts";
import { refuse } from "./refusal.ts";
import { fileScope, type Scope, type Session, spanFor } from "./scope.ts";
import { arithmetic, element, negated } from "./tensor.ts";
import { describe, type StepFormula, type Value } from "./value.ts";

/** The value of a checked expression. Raises a `Refusal` for what only elaboration can know to be wrong. */
export const evaluate = (e: Expression, scope: Scope): Value => {
  switch (e.kind) {
    case "int":
    case "float":
      return { kind: "number", value: e.value };
    case "size":
      return { kind: "size", y: e.y, x: e.x };
    case "string":
      return { kind: "string", value: e.value };
    case "bool":
      return { kind: "bool", value: e.value };
    case "name":
      return resolve(e, scope);
    case "list":
      return { kind: "list", items: e.items.map((item) => evaluate(item, scope)) };
    case "record":
      return { kind: "record", fields: recordFields(e.fields, scope) };
    case "group":
      return evaluate(e.inner, scope);
    case "unary":
      return unary(e, scope);
    case "binary":
      return binary(e, scope);
    case "pipe":
      return pipe(e, scope);
    case "call":
      return applyCall(e, e.callee, scope);
    case "field":
      return field(e, scope);
    case "index":
      return index(e, scope);
    case "as":
      return evaluate(e.value, scope);
    case "type":
      throw new TypeError("a type is no value: its reader takes it unevaluated");
    case "missing":
      throw new TypeError("a program with syntax errors is not elaborated");
  }
};

/** Depth of a network's own body: deeper ones are those of its blocks. */
const NETWORK_DEPTH = 1;

const pipe = (e: Pipe, scope: Scope): Value => {
  const result = applyCall(e, e.stage.kind === "call" ? e.stage.callee : e.stage, scope);
  if (scope.depth === NETWORK_DEPTH && result.kind === "tensor")
    scope.building?.stage(textOf(e.stage, scope.session.checked), result.value);
  return result;
};

/** The text of an expression on one line. */
export const textOf = ({ span }: Expression, { files, entry }: Checked): string =>
  oneLine((files.get(span.file) ?? entry).text.slice(span.start, span.end));

/** The place of a record's field extends the record's: ids of steps are made from it. */
const recordFields = (fields: readonly RecordField[], scope: Scope): ReadonlyMap<string, Value> => {
  const values = new Map<string, Value>();
  for (const { name, value } of fields)
    if (isExpression(value)) values.set(name.text, evaluate(value, { ...scope, place: `${scope.place}.${name.text}` }));
  return values;
};

const resolve = (name: Name, scope: Scope): Value => {
  const binding = scope.session.checked.bindings.get(name);
  if (binding === undefined) throw new TypeError(`the checker left \`${name.text}\` unbound`);
  return bound(binding, name, scope);
};

const bound = (binding: Binding, name: Name, scope: Scope): Value => {
  switch (binding.kind) {
    case "declaration":
      return declared(binding.declaration, scope);
    case "parameter":
      return local(binding.parameter, scope);
    case "local":
      return local(binding.statement, scope);
    case "dimension":
      return dimension(binding.name, scope);
    case "primitive":
    case "builtin":
      return { kind: "block", callee: { kind: binding.kind, name: binding.name }, bound: new Map() };
    case "word":
      return { kind: "word", word: binding.word };
    case "field":
      return exampleField(name, scope);
    case "training":
      return { kind: "bool", value: scope.building?.training ?? false };
  }
};

/** The value of a declaration, elaborated once. */
export const declared = (declaration: Declaration, scope: Scope): Value => {
  switch (declaration.kind) {
    case "param":
    case "let": {
      const { values } = scope.session;
      const known = values.get(declaration) ?? firstValue(declaration, scope.session);
      if (known instanceof Error) throw known;
      return known;
    }
    case "block":
    case "network":
      return { kind: "block", callee: { kind: "block", block: declaration }, bound: new Map() };
    case "step":
      return { kind: "step", step: declaration };
    case "assert":
      throw new TypeError("an assert has no name");
  }
};

/** A refusal is kept as well: whoever mentions the declaration is refused for the same reason. */
const firstValue = (declaration: Param | Let, session: Session): Value => {
  const { values, checked } = session;
  try {
    const set = declaration.kind === "param" ? settingValue(declaration, checked) : undefined;
    const value = set ?? evaluate(declaration.value, fileScope(session, declaration.name.text));
    values.set(declaration, value);
    return value;
  } catch (error) {
    if (error instanceof Error) values.set(declaration, error);
    throw error;
  }
};

/** Names in types that stand for an int of the file. */
export const fileSizes =
  (scope: Scope): FileSize =>
  (dim) => {
    const declaration = scope.session.checked.sizes.get(dim);
    const value = declaration && declared(declaration, scope);
    return value?.kind === "number" ? value.value : undefined;
  };

const local = (of: Parameter | Statement, scope: Scope): Value => {
  const value = scope.locals.get(of);
  if (value === undefined) throw new TypeError(`\`${of.name.text}\` is not in scope`);
  return value();
};

const dimension = (name: string, scope: Scope): Value => {
  const size = scope.dims.dims.get(name);
  if (typeof size !== "number") throw new TypeError(`the dimension ${name} is not known`);
  return { kind: "number", value: size };
};

const exampleField = (name: Name, scope: Scope): Value => {
  if (scope.building === undefined) throw new TypeError(`the field \`${name.text}\` stands outside of a condition`);
  return { kind: "tensor", value: scope.building.field(name) };
};

const unary = (e: Extract<Expression, { kind: "unary" }>, scope: Scope): Value => {
  const operand = evaluate(e.operand, scope);
  if (operand.kind === "figure")
    return { kind: "figure", formula: { kind: "unary", operator: e.operator, operand: operand.formula } };
  if (e.operator === "-" && operand.kind === "number") return { kind: "number", value: -operand.value };
  if (e.operator === "not" && operand.kind === "bool") return { kind: "bool", value: !operand.value };
  return negated(e.operator, operand, e, scope);
};

const binary = (e: Extract<Expression, { kind: "binary" }>, scope: Scope): Value => {
  const left = evaluate(e.left, scope);
  // A static condition decides alone: what stands behind it may have no sense then.
  if (left.kind === "bool" && ((e.operator === "and" && !left.value) || (e.operator === "or" && left.value)))
    return left;
  const right = evaluate(e.right, scope);
  if (left.kind === "figure" || right.kind === "figure") {
    if (scope.building !== undefined) throw figureInGraph(left.kind === "figure" ? e.left : e.right, scope);
    return ofFigures(e, left, right, scope);
  }
  return known(e.operator, left, right, e, scope) ?? arithmetic(e.operator, left, right, e, scope);
};

/** Both operands known now: numbers, texts, flags. */
const known = (operator: BinaryOperator, left: Value, right: Value, e: Expression, scope: Scope): Value | undefined => {
  if (left.kind === "number" && right.kind === "number") return numbers(operator, left.value, right.value, e, scope);
  if (left.kind === "bool" && right.kind === "bool" && operator !== "==" && operator !== "!=") {
    if (operator === "and") return { kind: "bool", value: left.value && right.value };
    return operator === "or" ? { kind: "bool", value: left.value || right.value } : undefined;
  }
  if (operator !== "==" && operator !== "!=") return undefined;
  const [a, b] = [plain(left), plain(right)];
  return a === undefined || b === undefined ? undefined : { kind: "bool", value: (a === b) === (operator === "==") };
};

const plain = (value: Value): string | undefined => {
  switch (value.kind) {
    case "string":
      return value.value;
    case "word":
      return value.word;
    case "bool":
      return `${value.value}`;
    case "size":
      return `${value.y}x${value.x}`;
    default:
      return undefined;
  }
};

const numbers = (operator: BinaryOperator, a: number, b: number, e: Expression, scope: Scope): Value | undefined => {
  switch (operator) {
    case "+":
      return { kind: "number", value: a + b };
    case "-":
      return { kind: "number", value: a - b };
    case "*":
    case "@":
      return { kind: "number", value: a * b };
    case "/": {
      if (b === 0) throw refuse.range(spanFor(e.span, scope), "division by zero");
      const type = scope.session.checked.types.get(e);
      return { kind: "number", value: type?.kind === "int" ? Math.floor(a / b) : a / b };
    }
    case "==":
      return { kind: "bool", value: a === b };
    case "!=":
      return { kind: "bool", value: a !== b };
    case "<":
      return { kind: "bool", value: a < b };
    case "<=":
      return { kind: "bool", value: a <= b };
    case ">":
      return { kind: "bool", value: a > b };
    case ">=":
      return { kind: "bool", value: a >= b };
    case "and":
    case "or":
      return undefined;
  }
};

const figureInGraph = (e: Expression, scope: Scope) =>
  refuse.notKnownYet(
    spanFor(e.span, scope),
    "a figure of a run cannot enter a graph: it is known only after steps ran",
  );

const ofFigures = (e: Extract<Expression, { kind: "binary" }>, left: Value, right: Value, scope: Scope): Value => {
  if (e.operator === "@") throw refuse.value(spanFor(e.span, scope), "`@` multiplies tensors, not figures of a run");
  const operands = [formulaOf(left, e.left, scope), formulaOf(right, e.right, scope)] as const;
  return {
    kind: "figure",
    formula: { kind: "binary", operator: e.operator, left: operands[0], right: operands[1] },
  };
};

/** The value as a part of a condition over figures. */
export const formulaOf = (value: Value, e: Expression, scope: Scope): StepFormula => {
  switch (value.kind) {
    case "figure":
      return value.formula;
    case "number":
    case "bool":
    case "string":
      return value;
    case "word":
      return { kind: "string", value: value.word };
    default:
      throw refuse.notKnownYet(
        spanFor(e.span, scope),
        `${describe(value)} cannot be compared with a figure that a run gives`,
      );
  }
};

const field = (e: Extract<Expression, { kind: "field" }>, scope: Scope): Value => {
  const target = evaluate(e.target, scope);
  const name = e.name.text;
  if (target.kind === "size" && (name === "y" || name === "x")) return { kind: "number", value: target[name] };
  if (target.kind === "record") {
    const value = target.fields.get(name);
    if (value !== undefined) return value;
  }
  if (target.kind === "dataset") return { kind: "figure", formula: { kind: "figure", step: target.step, name } };
  if (target.kind === "model") {
    mustBeCounted(target.model, name, spanFor(e.name.span, scope));
    return { kind: "figure", formula: { kind: "figure", step: target.model.id, name } };
  }
  if (target.kind === "step") return stepField(target.step, e.name, scope);
  throw refuse.value(spanFor(e.name.span, scope), `${describe(target)} has no \`${name}\``);
};

const index = (e: Extract<Expression, { kind: "index" }>, scope: Scope): Value => {
  const target = evaluate(e.target, scope);
  const at = evaluate(e.index, scope);
  if (target.kind !== "list" || at.kind !== "number") return element(target, at, e, scope);
  const item = target.items[at.value < 0 ? target.items.length + at.value : at.value];
  if (item === undefined)
    throw refuse.range(spanFor(e.index.span, scope), `a list of ${target.items.length} has no item ${at.value}`);
  return item;
};
