import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { Json } from "../../plan/json.ts";
import type { Body, Step } from "../../plan/plan.ts";
import type { Figures } from "../events.ts";
import { StepFailure } from "../failure.ts";
import { keyed, labelOf } from "../keyed.ts";
import { isFigures, type Outcome } from "../outcome.ts";
import type { Setting } from "../setting.ts";

type Of<K extends Body["kind"]> = Step & { readonly body: Extract<Body, { readonly kind: K }> };

/** Figures: `count`, and `members`: of each its `name`, what it was `given`, and the plain `figures` that it came to. */
export const familyStep = (step: Of<"family">, inputs: readonly Outcome[], setting: Setting) =>
  keyed(
    labelOf(step, inputs, setting),
    Effect.succeed({
      figures: {
        count: inputs.length,
        members: step.body.members.map(({ name, given, restores }, i) => ({
          name,
          given,
          figures: reached(inputs[i]!.figures, restores),
        })),
      },
      arrays: {},
    }),
  );

/** What a training or an evaluation came to: of a training that goes back to its best epoch, the figures of that. */
const reached = (figures: Figures, restores: boolean): Figures => {
  const { best, history } = figures;
  const epoch = restores && best !== undefined && isFigures(best) ? Number(best.epoch) - 1 : undefined;
  const then = epoch === undefined || !isList(history) ? undefined : history[epoch];
  const plain = Object.entries(figures).filter(([, value]) => typeof value !== "object");
  return { ...Object.fromEntries(plain), ...(then !== undefined && isFigures(then) ? then : {}) };
};

const isList = (value: Json | undefined): value is readonly Json[] => Array.isArray(value);

/** A family's figures, read back. */
export const membersOf = ({ members }: Figures): readonly MemberFigures[] => (isMembers(members) ? members : []);

const MemberFigures = Schema.Struct({
  name: Schema.String,
  given: Schema.Record(Schema.String, Schema.Union([Schema.Number, Schema.String, Schema.Boolean])),
  figures: Schema.Record(Schema.String, Schema.Union([Schema.Number, Schema.String, Schema.Boolean])),
});
export type MemberFigures = typeof MemberFigures.Type;
const isMembers = Schema.is(Schema.Array(MemberFigures));

/** A line for each member: what it was given, then its numbers, by name: the order in which they come back from the store. Nothing where the figures are not a family's. */
export const familyTable = (figures: Figures) => {
  const members = membersOf(figures);
  const keys = (of: "given" | "figures") => [...new Set(members.flatMap((member) => Object.keys(member[of])))].sort();
  const given = keys("given");
  const numbers = keys("figures").filter((name) => members.some((member) => typeof member.figures[name] === "number"));
  if (members.length === 0) return undefined;
  return {
    head: [...given, ...numbers],
    rows: members.map((member) => [
      ...given.map((name) => member.given[name]),
      ...numbers.map((name) => member.figures[name]),
    ]),
  };
};

/**
 * The outcome of the member with the best figure; of equal ones, the first. Figures besides: `member`, its name. Its content is the member's own, so
 * that what was computed with the member is not computed again with the choice.
 */
export const bestStep = (step: Of<"best">, inputs: readonly Outcome[], setting: Setting) =>
  Effect.map(keyed(labelOf(step, inputs, setting), choose(step, inputs[0]!)), (outcome) =>
    chosenOutcome(outcome, inputs),
  );

const choose = Effect.fnUntraced(function* ({ body: { by, order } }: Of<"best">, { figures }: Outcome) {
  const members = membersOf(figures);
  const sign = order === "highest" ? 1 : -1;
  let [choice, most] = [0, Number.NEGATIVE_INFINITY];
  for (const [at, { name, figures: of }] of members.entries()) {
    const value = of[by];
    if (typeof value !== "number" || Number.isNaN(value))
      return yield* new StepFailure({
        code: "MTT5402",
        message: `\`${by}\` of \`${name}\` has no value to choose by`,
        help: `its figures are ${Object.keys(of).join(", ")}`,
      });
    if (sign * value > most) [choice, most] = [at, sign * value];
  }
  return { figures: { choice, member: members[choice]!.name, [by]: sign * most }, arrays: {} };
});

/** What the choice of a `best` hands on. */
export const chosenOutcome = ({ key, status, seconds, figures }: Outcome, inputs: readonly Outcome[]): Outcome => {
  const choice = Number(figures.choice);
  const member = inputs[1 + choice]!;
  return { ...member, key, status, seconds, figures: { ...member.figures, member: figures.member! }, choice };
};

/** A step whose body goes with a choice, that of the first of its inputs that made one, has that body. */
export const settled = (step: Step, inputs: readonly Outcome[]): Step => {
  const { body } = step;
  if (body.kind !== "chosen") return step;
  const choice = inputs.find((input) => input.choice !== undefined)?.choice ?? 0;
  return { ...step, body: body.of[choice]! };
};
