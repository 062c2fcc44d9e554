import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import * as Layer from "effect/Layer";
import * as Option from "effect/Option";
import type { Path } from "effect/Path";
import type { BackendError } from "./backend/backend.ts";
import { compileFile } from "./cli/compiled.ts";
import { type Config, type Flags, loadConfig } from "./cli/config.ts";
import { UsageError } from "./cli/exit.ts";
import { findStep } from "./cli/find-step.ts";
import { servicesOf, settingOf } from "./cli/setting.ts";
import { compile } from "./compile.ts";
import type { Diagnostic, Sources } from "./diagnostic/diagnostic.ts";
import { render } from "./diagnostic/render.ts";
import { Events, type RunEvent } from "./execute/events.ts";
import { execute, type RunResult } from "./execute/execute.ts";
import { type Plan, type Step, trainingBehind } from "./plan/plan.ts";
import { ProgramError, RunError } from "./script/errors.ts";
import { compose } from "./script/expression.ts";
import {
  type Asked,
  Comparison,
  Data,
  Evaluation,
  type Handle,
  Influence,
  Model,
  Sweep,
  type TrainFields,
  trained,
} from "./script/handles.ts";
import { predictionStep } from "./script/prediction.ts";
import { relocated } from "./script/relocated.ts";
import type { StoreError } from "./store/store.ts";

export type { BackendError } from "./backend/backend.ts";
export { UsageError } from "./cli/exit.ts";
export type { Diagnostic, Fix, Note, Severity, Span } from "./diagnostic/diagnostic.ts";
export type { LayerArgument, LayerOptions, NetworkBuild, NetworkBuilder } from "./elaborate/built-network.ts";
export type { Figures, RunEvent, StepSummary } from "./execute/events.ts";
export type { RunResult } from "./execute/execute.ts";
export type { StepFailure } from "./execute/failure.ts";
export type { Outcome } from "./execute/outcome.ts";
export type { Ops, Value } from "./ir/graph.ts";
export * as operations from "./ir/operations.ts";
export type { Method } from "./plan/influence.ts";
export type { Json } from "./plan/json.ts";
export type { Init } from "./plan/network.ts";
export type { Plan, Step } from "./plan/plan.ts";
export { AxisArray } from "./script/axes.ts";
export { ProgramError, RunError } from "./script/errors.ts";
export { type Expression, mtt, type Operand } from "./script/expression.ts";
export type {
  Comparison,
  Data,
  Evaluation,
  GroupEffect,
  Handle,
  Influence,
  InfluenceFields,
  InputInfluence,
  MethodFields,
  Model,
  Prediction,
  Scores,
  Sweep,
  SweepFields,
  TrainFields,
  Validation,
} from "./script/handles.ts";
export { network } from "./script/network.ts";
export type { Examples, Influences, Member, ScoreAxis, Trained } from "./script/results.ts";
export type { DType } from "./shape/dtype.ts";
export type { Tensor } from "./shape/tensor.ts";
export type { StoreError } from "./store/store.ts";

/** What flags say on the command line; what is absent comes from MTT_* variables, mtt.yaml and the program. */
export interface LoadOptions {
  /** Values for the program's params. */
  readonly params?: Readonly<Record<string, string | number | boolean>>;
  readonly store?: string;
  readonly data?: string;
  readonly backend?: Config["backend"];
  readonly device?: "cpu" | "webgpu" | "cuda";
  /** `512MiB` */
  readonly memory?: string;
  /** Folders outside of the project that the program may read. */
  readonly allowPath?: readonly string[];
}

export interface RunOptions {
  /** Called with everything that happens, as it happens. */
  readonly onEvent?: (event: RunEvent) => void;
}

/** What is asked is wrong (`ProgramError`), a step failed (`RunError`), or the store or the engine did. */
export type GetError = UsageError | ProgramError | RunError | StoreError | BackendError;

/** Names of a program's declarations, as values that queries are made of. What they stand for is checked by `get`. */
export interface Names {
  /** A data set, by its name or path: `digits.test`. */
  readonly data: (name: string) => Data;
  /** A trained model, or one that a `let chosen = best(…)` picks. */
  readonly model: (name: string) => Model;
  /** The models of a `sweep`. */
  readonly sweep: (name: string) => Sweep;
  /** An `evaluate` of a sweep. */
  readonly comparison: (name: string) => Comparison;
  readonly evaluation: (name: string) => Evaluation;
  readonly influence: (name: string) => Influence<"test" | "train">;
  /** An influence with `test: self`. */
  readonly selfInfluence: (name: string) => Influence<"train">;
  /** A new training of a network, with all that a train step needs. */
  readonly train: (fields: TrainFields) => Model;
}

/** A pipeline that was read and checked. */
export interface Program extends Names {
  /** In source order: errors, and warnings of a program that is right. */
  readonly diagnostics: readonly Diagnostic[];
  /** Absent where the program is wrong. */
  readonly plan: Plan | undefined;
  /**
   * Computes the targets (default: asserts, reports, and steps nothing else uses) and what they need. Fails with a UsageError where the program is wrong
   * or a target is not in it; a step that fails is in the result.
   */
  readonly run: (
    targets?: readonly string[],
    options?: RunOptions,
  ) => Effect.Effect<RunResult, UsageError | StoreError | BackendError, FileSystem | Path>;
  /** Computes what a handle stands for, and nothing that is stored: the program and what the script adds to it are one program. */
  readonly get: <A>(handle: Handle<A>, options?: RunOptions) => Effect.Effect<A, GetError, FileSystem | Path>;
}

const names: Names = {
  data: (name) => new Data([name]),
  model: (name) => new Model([name]),
  sweep: (name) => new Sweep([name]),
  comparison: (name) => new Comparison([name]),
  evaluation: (name) => new Evaluation([name]),
  influence: (name) => new Influence([name], ["test", "train"]),
  selfInfluence: (name) => new Influence([name], ["train"]),
  train: trained,
};

/** Reads and checks a pipeline and what it imports. Fails with a UsageError where the file or mtt.yaml cannot be read. */
export const load = (file: string, options: LoadOptions = {}): Effect.Effect<Program, UsageError, FileSystem | Path> =>
  Effect.gen(function* () {
    const config = yield* loadConfig(file, flagsOf(options));
    const { compiled, sources } = yield* compileFile(file, config);
    const { plan, diagnostics } = compiled;
    const servicesFor = ({ onEvent = () => {} }: RunOptions) =>
      servicesOf(config, Layer.succeed(Events, { emit: (event) => Effect.sync(() => onEvent(event)) }));

    const run: Program["run"] = (targets, runOptions = {}) =>
      Effect.gen(function* () {
        if (plan === undefined) {
          const { message = "it has no plan" } = diagnostics.find(({ severity }) => severity === "error") ?? {};
          return yield* new UsageError({ message: `${file} is wrong: ${message}` });
        }
        for (const target of targets ?? []) yield* findStep(plan, target, file);
        const setting = yield* settingOf(config, file, sources, diagnostics);
        return yield* execute(plan, targets ?? plan.targets, setting);
      }).pipe(Effect.provide(servicesFor(runOptions)));

    const get = <A>(handle: Handle<A>, runOptions: RunOptions = {}) =>
      Effect.gen(function* () {
        const { plan: whole, target, place } = yield* planFor(handle.asks, file, sources, config);
        const setting = yield* settingOf(config, file, sources);
        const read = Effect.gen(function* () {
          const { outcomes, diagnostics: found } = yield* execute(whole, [target], setting);
          const outcome = outcomes.get(target);
          if (outcome === undefined) return yield* new RunError(said(found, file, place));
          return yield* handle.read(outcome);
        });
        // An array that turns out damaged while it is read was set aside: asked again, it is computed.
        return yield* Effect.catchIf(
          read,
          (error) => error._tag === "StepFailure" && error.code === "MTT5104",
          () => read,
        );
      }).pipe(
        Effect.catchTag(
          "StepFailure",
          ({ code, message, help }) => new RunError({ message: `${code}: ${message}; ${help}`, diagnostics: [] }),
        ),
        Effect.provide(servicesFor(runOptions)),
      );

    const program: Program = { ...names, diagnostics, plan, run, get };
    return program;
  });

/** The program with what a script adds to it, and the step that is asked for. */
const planFor = Effect.fnUntraced(function* (asks: Asked, file: string, sources: Sources, config: Config) {
  const own = sources.get(file) ?? "";
  const composed = yield* Effect.try({
    try: () => compose(asks.steps, own),
    catch: (error) => {
      if (error instanceof ProgramError) return error;
      throw error;
    },
  });
  const texts: Sources = new Map([...sources, [file, `${own}\n${composed.text}`]]);
  const { networks } = composed;
  const { plan, diagnostics, named } = compile(file, texts, { settings: config.settings, networks });
  const place = { texts, start: own.length + 1 };
  if (plan === undefined) return yield* new ProgramError(said(diagnostics, file, place));
  const steps = yield* Effect.forEach(composed.names, (name) => {
    const line = composed.text.split("\n").find((text) => text.startsWith(`let ${name} `));
    return line !== undefined && !named.has(name)
      ? new UsageError({ message: `this is no data set: ${line}` })
      : findStep(plan, named.get(name) ?? name, file);
  });
  const [first, second] = steps;
  if (!kinds[asks.kind](first!, plan)) return yield* notOf(first!, asks.kind);
  if (asks.predicts === undefined || second === undefined) return { plan, target: first!.id, place };
  const training = trainingBehind(plan, first!)!;
  const model: Step = { ...first!, body: { kind: "train", training } };
  const prediction = yield* predictionStep(model, second, asks.predicts.result);
  return { plan: { ...plan, steps: [...plan.steps, prediction] }, target: prediction.id, place };
});

/** What a handle may stand for. */
const kinds: { readonly [K in Asked["kind"]]: (step: Step, plan: Plan) => boolean } = {
  data: ({ body: { kind } }) => kind === "data" || kind === "query",
  figure: (step) => comesTo(step, "group"),
  train: (step, plan) => trainingBehind(plan, step) !== undefined,
  family: ({ body: { kind } }) => kind === "family",
  evaluate: (step) => comesTo(step, "evaluate"),
  influence: (step) => comesTo(step, "influence"),
  validate: (step) => comesTo(step, "validate"),
};

/** What is asked of a model that a `best` picks is one of several of a kind. */
const comesTo = ({ body }: Step, kind: Step["body"]["kind"]): boolean =>
  (body.kind === "chosen" ? body.of[0]!.kind : body.kind) === kind;

const notOf = ({ id, body }: Step, kind: string) =>
  new UsageError({ message: `\`${id}\` is a step of the kind \`${body.kind}\`, and \`${kind}\` is asked for` });

interface Place {
  readonly texts: Sources;
  /** Where the text of the script begins in that of the file. */
  readonly start: number;
}

/** What an error says: as `mtt check` prints it, with what the script added under a name of its own. */
const said = (diagnostics: readonly Diagnostic[], file: string, { texts, start }: Place) => {
  const moved = relocated(diagnostics, texts, file, start);
  return { message: render(moved.diagnostics, moved.sources, "human"), diagnostics: moved.diagnostics };
};

const flagsOf = ({ params = {}, store, data, backend, device, memory, allowPath = [] }: LoadOptions): Flags => ({
  store: Option.fromUndefinedOr(store),
  data: Option.fromUndefinedOr(data),
  backend: Option.fromUndefinedOr(backend),
  device: Option.fromUndefinedOr(device),
  memory: Option.fromUndefinedOr(memory),
  allowPath,
  set: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)])),
});
