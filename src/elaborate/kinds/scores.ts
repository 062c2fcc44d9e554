import { wayOf } from "../../influence/methods.ts";
import type { Body } from "../../plan/plan.ts";
import type { Expression } from "../../syntax/ast.ts";
import type { BuiltinCall } from "../builtin.ts";
import { evaluate } from "../expression.ts";
import { readNumber } from "../read.ts";
import { refuse } from "../refusal.ts";
import { remembered, type Scope, spanFor } from "../scope.ts";
import { addStep } from "../steps.ts";
import { type DatasetValue, describe, type ScoresValue, type Value } from "../value.ts";
import { chosenOf } from "./best.ts";
import { addQuery, idFor, inside, readDataset } from "./data.ts";
import type { PlannedInfluence } from "./planned.ts";
import { planned } from "./steps.ts";

const functions = ["most_harmful", "most_helpful", "of_test", "group", "correlation"] as const;
type ScoresFunction = (typeof functions)[number];
export const isScoresFunction = (name: string): name is ScoresFunction => functions.some((known) => known === name);

/** A query over scores: adds its step, once for each place of the text. */
export const callScores = (call: BuiltinCall, scope: Scope): Value =>
  remembered(call.expression, scope.session, () => query(call, scope));

const query = ({ name, expressions, expression }: BuiltinCall, scope: Scope): Value => {
  if (!isScoresFunction(name)) throw new TypeError(`${name} asks no scores`);
  const e = expressions.get("scores")!;
  const { influence, test } = readScores(evaluate(e, inside(scope)), e, scope);
  const number = (of: string, from: number): number => {
    const argument = expressions.get(of)!;
    return readNumber(evaluate(argument, scope), of, { from, whole: true }, { e: argument, scope });
  };
  const figure = (id: string, body: Body, inputs: readonly string[], of: string): Value => {
    const step = addStep(scope.session, { id, declared: false, body, inputs, span: expression.span });
    return { kind: "figure", formula: { kind: "figure", step, name: of } };
  };
  switch (name) {
    case "of_test":
      if (influence.test === undefined)
        throw refuse.unfit(
          spanFor(expression.span, scope),
          "self-influence has one score for each example, and no test examples",
        );
      if (test !== undefined)
        throw refuse.unfit(spanFor(expression.span, scope), "these are the scores of one test example already");
      return { kind: "scores", influence, test: number("at", 0) };
    case "most_harmful":
    case "most_helpful": {
      mustBeKept(influence, expression, scope);
      const { data } = influence.model;
      const operation = { op: name, n: number("n", 0), ...(test === undefined ? {} : { test }) };
      return addQuery(operation, data.fields, [data.step, influence.id], idFor(scope, name), expression, scope);
    }
    case "group": {
      const order = expressions.has("order") ? number("order", 1) : 1;
      if (order > 2)
        throw refuse.range(
          spanFor(expressions.get("order")!.span, scope),
          `a group's effect is of order 1 or 2, and got ${order}`,
        );
      const setExpression = expressions.get("set")!;
      const set = readDataset(evaluate(setExpression, inside(scope, "group/")), setExpression, scope);
      const one = test === undefined ? {} : { test };
      const add = (id: string, body: Body, inputs: readonly string[]) => figure(id, body, inputs, "effect");
      if (order === 2) {
        const tests = mustSolve(influence, expression, scope);
        const bodies = influence.specs.map(
          ({ top: _, ...spec }): Body => ({
            kind: "group",
            order,
            influence: { ...spec, of: "example" },
            ...one,
          }),
        );
        return add(`group(${influence.id}, ${set.step}, order: 2)`, chosenOf(bodies), [
          influence.model.id,
          influence.model.data.step,
          tests.step,
          set.step,
        ]);
      }
      mustBeKept(influence, expression, scope);
      return add(`group(${influence.id}, ${set.step})`, { kind: "group", order: 1, ...one }, [influence.id, set.step]);
    }
    case "correlation": {
      const otherExpression = expressions.get("other")!;
      const other = readScores(evaluate(otherExpression, inside(scope)), otherExpression, scope);
      mustBeKept(influence, expression, scope);
      mustBeKept(other.influence, expression, scope);
      if ((test === undefined) !== (other.test === undefined))
        throw refuse.unfit(
          spanFor(expression.span, scope),
          "one of the two is the scores for one test example, the other those for all",
          { help: "take `of_test` of both, or of neither" },
        );
      const tests = test === undefined || other.test === undefined ? {} : { tests: [test, other.test] as const };
      return figure(
        `correlation(${influence.id}, ${other.influence.id})`,
        { kind: "correlation", ...tests },
        [influence.id, other.influence.id],
        "pearson",
      );
    }
  }
};

/** What a second-order effect needs: a method that solves, and test examples of the query's own. */
const mustSolve = ({ id, influence, test }: PlannedInfluence, e: Expression, scope: Scope): DatasetValue => {
  const span = spanFor(e.span, scope);
  if (test === undefined)
    throw refuse.unfit(
      span,
      `\`${id}\` asks each example about itself, and a second-order effect is on test examples`,
      {
        help: "declare another influence whose `test` is a data set",
      },
    );
  const { kind } = influence.method;
  if ("scores" in wayOf(influence.method))
    throw refuse.unfit(span, `a second-order effect needs (H + λI)⁻¹∇m, and \`${kind}\` solves for none`, {
      help: "ask by cg, exact, lissa, arnoldi, nystrom, kfac or ekfac; `group(blame, set)` is the sum of the scores",
    });
  return test;
};

/** A declared influence, or its scores for one test example. */
export const readScores = (value: Value, e: Expression, scope: Scope): Omit<ScoresValue, "kind"> => {
  if (value.kind === "scores") return value;
  if (value.kind === "step") {
    const influence = planned(value.step, scope.session);
    if (influence.kind === "influence") return { influence };
  }
  throw refuse.value(spanFor(e.span, scope), `scores are expected here, and this is ${describe(value)}`);
};

/** Rankings and sums need a score of every example. */
export const mustBeKept = ({ id, influence }: PlannedInfluence, e: Expression, scope: Scope): void => {
  if (influence.of === "input")
    throw refuse.unfit(spanFor(e.span, scope), `\`${id}\` tells of pixels, and this needs one score for each example`, {
      help: "declare another influence with `of: example`: the solves are shared",
    });
  if (influence.top !== undefined)
    throw refuse.unfit(
      spanFor(e.span, scope),
      `\`${id}\` keeps ${influence.top} scores of each test example, and this needs all`,
      {
        help: "leave `top` out, or declare another influence without it: the solves are shared",
      },
    );
};
