import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import type { HttpClient } from "effect/http/HttpClient";
import type { Path } from "effect/Path";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Plan, Step } from "../plan/plan.ts";
import type { Store } from "../store/store.ts";
import { type Events, emit, type StepSummary } from "./events.ts";
import { type Failing, type StepFailure, stepFailure } from "./failure.ts";
import { assertStep } from "./kinds/assert.ts";
import { dataStep, queryStep } from "./kinds/data.ts";
import { evaluateStep } from "./kinds/evaluate.ts";
import { predictStep } from "./kinds/predict.ts";
import { reportStep } from "./kinds/report.ts";
import { trainStep } from "./kinds/train.ts";
import type { Outcome } from "./outcome.ts";
import type { Reports, Shown } from "./reports.ts";
import type { Setting } from "./setting.ts";

export interface RunResult {
  /** `wrong`: all was computed, and an assertion does not hold. */
  readonly status: "done" | "wrong" | "failed";
  /** By step id: those that the targets needed and that came to something. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly summaries: Readonly<Record<string, StepSummary>>;
  readonly diagnostics: readonly Diagnostic[];
}

/** Steps that the targets need, in the plan's order. */
export const needed = (plan: Plan, targets: readonly string[]): readonly Step[] => {
  const byId = new Map(plan.steps.map((step) => [step.id, step]));
  const wanted = new Set<string>();
  const visit = (id: string): void => {
    if (wanted.has(id)) return;
    wanted.add(id);
    for (const input of byId.get(id)!.inputs) visit(input);
  };
  for (const target of targets) visit(target);
  return plan.steps.filter(({ id }) => wanted.has(id));
};

export type ExecuteServices = Store | Events | Reports | FileSystem | Path | HttpClient;

/** How each kind of step comes to its outcome, from the outcomes it reads; `lineage` are these and all that they came from. */
const compute = (
  step: Step,
  inputs: readonly Outcome[],
  lineage: () => readonly Shown[],
  setting: Setting,
): Effect.Effect<Outcome, Failing, ExecuteServices> => {
  const { body } = step;
  switch (body.kind) {
    case "data":
      return dataStep({ ...step, body }, setting);
    case "query":
      return queryStep({ ...step, body }, inputs, setting);
    case "train":
      return trainStep({ ...step, body }, inputs, setting);
    case "predict":
      return predictStep({ ...step, body }, inputs, setting);
    case "evaluate":
      return evaluateStep({ ...step, body }, inputs, setting);
    case "assert":
      return assertStep({ ...step, body }, inputs, setting);
    case "influence":
    case "group":
    case "validate":
      return Effect.die(new TypeError(`elaborate refuses ${body.kind} steps until they can be computed`));
    case "report":
      return reportStep({ ...step, body }, inputs, lineage(), setting);
  }
};

/**
 * Computes what the targets need and is not stored. A step that fails leaves out the steps that read it; the others go on, so that one run
 * finds and stores all it can.
 */
export const execute = Effect.fnUntraced(function* (plan: Plan, targets: readonly string[], setting: Setting) {
  const outcomes = new Map<string, Outcome>();
  const summaries: Record<string, StepSummary> = {};
  const diagnostics: Diagnostic[] = [];
  let status = "done" as RunResult["status"];

  const report = (step: Step, code: Diagnostic["code"], message: string, help: string) => {
    const diagnostic: Diagnostic = {
      code,
      severity: "error",
      span: step.span,
      message,
      notes: [],
      help,
      fixes: [],
    };
    diagnostics.push(diagnostic);
    return emit({ event: "diagnostic", diagnostic });
  };

  const steps = Effect.gen(function* () {
    for (const step of needed(plan, targets)) {
      const inputs = step.inputs.flatMap((id) => outcomes.get(id) ?? []);
      if (inputs.length < step.inputs.length) {
        summaries[step.id] = { status: "skipped", key: "", seconds: 0, result: {} };
        continue;
      }
      const lineage = () =>
        needed(plan, step.inputs).map((behind): Shown => ({ ...outcomes.get(behind.id)!, step: behind }));
      const outcome: Outcome | StepFailure = yield* compute(step, inputs, lineage, setting).pipe(
        Effect.mapError(stepFailure),
        Effect.match({ onSuccess: (value) => value, onFailure: (failure) => failure }),
      );
      if ("_tag" in outcome) {
        status = "failed";
        summaries[step.id] = { status: "failed", key: "", seconds: 0, result: { error: outcome.message } };
        yield* report(step, outcome.code, `\`${step.id}\` failed: ${outcome.message}`, outcome.help);
        continue;
      }
      outcomes.set(step.id, outcome);
      const { key, seconds, figures } = outcome;
      const holds = step.body.kind !== "assert" || figures.passed === true;
      summaries[step.id] = { status: holds ? outcome.status : "failed", key, seconds, result: figures };
      if (!holds && step.body.kind === "assert") {
        if (status === "done") status = "wrong";
        const { passed: _, ...read } = figures;
        const values = Object.entries(read).map(([name, value]) => `${name} is ${String(value)}`);
        yield* report(
          step,
          "MTT5401",
          `the assertion does not hold: ${step.body.text}${step.body.message === undefined ? "" : ` (${step.body.message})`}`,
          values.length === 0 ? "its condition is false whatever runs" : values.join(", "),
        );
      }
    }
  });

  const finish = (how: "done" | "failed" | "interrupted") =>
    emit({ event: "run.finished", status: how, steps: summaries });
  yield* steps.pipe(Effect.onInterrupt(() => finish("interrupted")));
  yield* finish(status === "done" ? "done" : "failed");
  const result: RunResult = { status, outcomes, summaries, diagnostics };
  return result;
});
