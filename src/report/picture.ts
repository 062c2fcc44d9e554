import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import type { Figures } from "../execute/events.ts";
import { StepFailure } from "../execute/failure.ts";
import { formulaValue } from "../execute/formula.ts";
import type { Shown } from "../execute/reports.ts";
import type { Json } from "../plan/json.ts";
import type { Formula } from "../plan/plan.ts";
import type { Examples } from "./examples.ts";
import type { Section } from "./section.ts";

/** The page that a picture stands in. */
export interface Page {
  readonly inputs: readonly Shown[];
  readonly steps: readonly Shown[];
  readonly examples: Examples;
}

/** One kind of picture: what the program gave it by name, and the steps that its numbers mean. */
export type Picture = (
  given: { readonly [name: string]: Json },
  inputs: readonly Shown[],
  page: Page,
) => Effect.Effect<Section, StepFailure>;

const StepReference = Schema.Struct({
  input: Schema.Int,
  name: Schema.String,
  examples: Schema.optionalKey(Schema.Struct({ train: Schema.Int, test: Schema.optionalKey(Schema.Int) })),
  row: Schema.optionalKey(Schema.Int),
});
const isStepReference = Schema.is(StepReference);

/** What an argument of a picture turns out to be. */
export type Argument =
  | { readonly kind: "step"; readonly name: string; readonly shown: Shown; readonly asked?: Asked }
  | { readonly kind: "network"; readonly rows: readonly Row[]; readonly fields: readonly string[] }
  | { readonly kind: "value"; readonly value: Json; readonly name?: string }
  | { readonly kind: "list"; readonly items: readonly Argument[] }
  | { readonly kind: "record"; readonly fields: Readonly<Record<string, Argument>> };

/** The examples that an influence step is about: those scored, and those explained; the same where `test` is absent. One of these where `row` says so. */
export interface Asked {
  readonly train: Shown;
  readonly test?: Shown;
  readonly row?: number;
}

const StageRow = Schema.Struct({
  stage: Schema.String,
  output: Schema.String,
  weights: Schema.Array(Schema.String),
  parameters: Schema.Number,
  flops: Schema.Number,
});
export type Row = typeof StageRow.Type;
const isNetwork = Schema.is(Schema.Struct({ table: Schema.Array(StageRow), fields: Schema.Array(Schema.String) }));

const FormulaSchema: Schema.Codec<Formula> = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("number"), value: Schema.Number }),
  Schema.Struct({ kind: Schema.Literal("bool"), value: Schema.Boolean }),
  Schema.Struct({ kind: Schema.Literal("string"), value: Schema.String }),
  Schema.Struct({ kind: Schema.Literal("figure"), input: Schema.Int, name: Schema.String }),
  Schema.Struct({
    kind: Schema.Literal("unary"),
    operator: Schema.Literals(["-", "not"]),
    operand: Schema.suspend((): Schema.Codec<Formula> => FormulaSchema),
  }),
  Schema.Struct({
    kind: Schema.Literal("binary"),
    operator: Schema.Literals(["or", "and", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/"]),
    left: Schema.suspend((): Schema.Codec<Formula> => FormulaSchema),
    right: Schema.suspend((): Schema.Codec<Formula> => FormulaSchema),
  }),
]);
const isFormula = Schema.is(Schema.Struct({ formula: FormulaSchema }));

/** Reads an argument: steps and networks as such, figures as their values. */
export const readArgument = (value: Json, inputs: readonly Shown[]): Effect.Effect<Argument, StepFailure> =>
  Effect.gen(function* () {
    if (isList(value)) {
      const items: Argument[] = [];
      for (const item of value) items.push(yield* readArgument(item, inputs));
      return { kind: "list", items };
    }
    if (isStepReference(value)) {
      const { input, name, examples, row } = value;
      const asked: Asked | undefined = examples && {
        train: inputs[examples.train]!,
        ...(examples.test === undefined ? {} : { test: inputs[examples.test]! }),
        ...(row === undefined ? {} : { row }),
      };
      return { kind: "step", name, shown: inputs[input]!, ...(asked === undefined ? {} : { asked }) };
    }
    if (isNetwork(value)) return { kind: "network", rows: value.table, fields: value.fields };
    if (isFormula(value)) {
      const named = inputs.map(({ step, figures }) => ({ name: step.id, figures }));
      const { formula } = value;
      const name = formula.kind === "figure" ? `${named[formula.input]!.name}.${formula.name}` : undefined;
      const found = yield* formulaValue(formula, named, {});
      return { kind: "value", value: found, ...(name === undefined ? {} : { name }) };
    }
    if (typeof value !== "object" || value === null) return { kind: "value", value };
    const fields: Record<string, Argument> = {};
    for (const [name, item] of Object.entries(value)) fields[name] = yield* readArgument(item, inputs);
    return { kind: "record", fields };
  });

const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

/** Why something cannot be shown, as the report's failure. */
export const cannotShow = (message: string, help: string): StepFailure =>
  new StepFailure({ code: "MTT5406", message, help });

/** Figures that stand in a line of a table: numbers, texts and flags. */
export const plainFigures = (figures: Figures): readonly (readonly [string, Json])[] =>
  Object.entries(figures).filter(([, value]) => value !== null && typeof value !== "object");
