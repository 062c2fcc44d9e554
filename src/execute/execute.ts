import * as Cause from "effect/Cause";
import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import type { HttpClient } from "effect/http/HttpClient";
import type { Path } from "effect/Path";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Plan, Step } from "../plan/plan.ts";
import { Store } from "../store/store.ts";
import { type Events, emit, type Figures, type StepSummary } from "./events.ts";
import { type Failing, type StepFailure, stepFailure } from "./failure.ts";
import { assertStep } from "./kinds/assert.ts";
import { correlationStep } from "./kinds/correlation.ts";
import { dataStep, queryStep } from "./kinds/data.ts";
import { evaluateStep } from "./kinds/evaluate.ts";
import { bestStep, familyStep, settled } from "./kinds/family.ts";
import { groupStep } from "./kinds/group.ts";
import { influenceStep } from "./kinds/influence.ts";
import { predictStep } from "./kinds/predict.ts";
import { reportStep } from "./kinds/report.ts";
import { trainStep } from "./kinds/train.ts";
import { validateStep } from "./kinds/validate.ts";
import type { Outcome } from "./outcome.ts";
import type { Reports } from "./reports.ts";
import type { Setting } from "./setting.ts";
import { warn } from "./warn.ts";

export interface RunResult {
  /** `wrong`: all was computed, and an assertion does not hold. */
  readonly status: "done" | "wrong" | "failed";
  /** By step id: those that came to something. Arrays and examples are at hand for the targets alone. */
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
  lineage: () => readonly (Outcome & { readonly step: Step })[],
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
      return influenceStep({ ...step, body }, inputs, setting);
    case "group":
      return groupStep({ ...step, body }, inputs, setting);
    case "correlation":
      return correlationStep({ ...step, body }, inputs, setting);
    case "family":
      return familyStep({ ...step, body }, inputs, setting);
    case "best":
      return bestStep({ ...step, body }, inputs, setting);
    case "chosen":
      return compute(settled(step, inputs), inputs, lineage, setting);
    case "validate":
      return validateStep({ ...step, body }, inputs, setting);
    case "report":
      return reportStep({ ...step, body }, inputs, lineage(), setting);
  }
};

/**
 * Computes what the targets need and is not stored. A step that fails leaves out the steps that read it; the others go on, so that one run
 * finds and stores all it can.
 */
export const execute = Effect.fnUntraced(function* (plan: Plan, targets: readonly string[], setting: Setting) {
  const store = yield* Store;
  const order = needed(plan, targets);
  const lastUse = new Map(order.flatMap(({ inputs }, at) => inputs.map((id) => [id, at] as const)));
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

  /** Damaged things that were met: named where they were, set aside by the store, computed again. */
  const tellDamage = (step: Step) =>
    Effect.flatMap(store.damaged, (found) =>
      found.length === 0
        ? Effect.void
        : warn(step, "MTT5003", found.join("; "), "it is computed again where it is needed"),
    );

  /** Train and test sets are had in one place: what both lack, a disk or a network, is said once. */
  const told = ({ span }: Step, code: Diagnostic["code"]): boolean =>
    (code === "MTT5501" || code.startsWith("MTT51")) &&
    diagnostics.some((one) => one.code === code && one.span.file === span.file && one.span.start === span.start);

  const outcomeOf = (step: Step): Effect.Effect<Outcome, StepFailure, ExecuteServices> => {
    const lineage = () =>
      needed(plan, step.inputs).map((behind) => {
        const read = behind.inputs.map((id) => outcomes.get(id)!);
        return { ...outcomes.get(behind.id)!, step: settled(behind, read) };
      });
    const inputs = step.inputs.map((id) => outcomes.get(id)!);
    return Effect.mapError(compute(step, inputs, lineage, setting), stepFailure);
  };

  const observe = (step: Step, found: Outcome) => {
    const inputs = step.inputs.map((id) => outcomes.get(id)!);
    return Effect.mapError(setting.observe?.(settled(step, inputs), found, inputs) ?? Effect.void, stepFailure);
  };

  /** Arrays that are too large to be looked at before they are read turn out damaged while a step reads them: what it comes from is asked for again, and computed where it is gone. */
  const healed = (step: Step) =>
    Effect.forEach(
      needed(plan, step.inputs),
      (behind) =>
        Effect.map(outcomeOf(behind), (outcome) => {
          outcomes.set(behind.id, outcome);
          if (outcome.status === "ran") tell(behind, outcome);
        }),
      { discard: true },
    );

  const tell = ({ id, body }: Step, { status: how, key, seconds, figures, cost }: Outcome): boolean => {
    const holds = body.kind !== "assert" || figures.passed === true;
    summaries[id] = { status: holds ? how : "failed", key, seconds, result: { ...figures, ...cost } };
    return holds;
  };

  const steps = Effect.gen(function* () {
    for (const [at, step] of order.entries()) {
      if (step.inputs.some((id) => !outcomes.has(id))) {
        summaries[step.id] = { status: "skipped", key: "", seconds: 0, result: {} };
        continue;
      }
      const observed = outcomeOf(step).pipe(Effect.tap((found) => observe(step, found)));
      const outcome: Outcome | StepFailure = yield* observed.pipe(
        Effect.catchIf(
          ({ code }) => code === "MTT5104",
          () => tellDamage(step).pipe(Effect.andThen(healed(step)), Effect.andThen(observed)),
        ),
        Effect.match({ onSuccess: (value) => value, onFailure: (failure) => failure }),
      );
      yield* tellDamage(step);
      if ("_tag" in outcome) {
        status = "failed";
        summaries[step.id] = { status: "failed", key: "", seconds: 0, result: { error: outcome.message } };
        if (!told(step, outcome.code))
          yield* report(step, outcome.code, `\`${step.id}\` failed: ${outcome.message}`, outcome.help);
        continue;
      }
      outcomes.set(step.id, outcome);
      if (!tell(step, outcome)) yield* reportAssertion(step, outcome.figures);
      for (const id of step.inputs)
        if (lastUse.get(id) === at && !targets.includes(id)) outcomes.set(id, withoutContents(outcomes.get(id)!));
    }
  });

  const reportAssertion = (step: Step, { passed: _, ...read }: Figures) => {
    const { body } = step;
    if (body.kind !== "assert") return Effect.void;
    if (status === "done") status = "wrong";
    const values = Object.entries(read).map(([name, value]) => `${name} is ${String(value)}`);
    return report(
      step,
      "MTT5401",
      `the assertion does not hold: ${body.text}${body.message === undefined ? "" : ` (${body.message})`}`,
      values.length === 0 ? "its condition is false whatever runs" : values.join(", "),
    );
  };

  const finish = (how: "done" | "failed" | "interrupted") =>
    emit({ event: "run.finished", status: how, steps: summaries });
  yield* steps.pipe(Effect.onError((cause) => finish(Cause.hasInterruptsOnly(cause) ? "interrupted" : "failed")));
  yield* finish(status === "done" ? "done" : "failed");
  const result: RunResult = { status, outcomes, summaries, diagnostics };
  return result;
});

/** An outcome that nothing reads any more: its figures stay for the record, its arrays and examples are let go. */
const withoutContents = ({ data: _, retrace: __, ...outcome }: Outcome): Outcome => ({
  ...outcome,
  arrays: () => Effect.die(new TypeError("a result was read after its last reader")),
});
