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
import type { Diagnostic } from "./diagnostic/diagnostic.ts";
import { Events, type RunEvent } from "./execute/events.ts";
import { execute, type RunResult } from "./execute/execute.ts";
import type { Plan } from "./plan/plan.ts";
import type { StoreError } from "./store/store.ts";

export type { BackendError } from "./backend/backend.ts";
export { UsageError } from "./cli/exit.ts";
export type { Diagnostic } from "./diagnostic/diagnostic.ts";
export type { RunEvent, StepSummary } from "./execute/events.ts";
export type { RunResult } from "./execute/execute.ts";
export type { Plan, Step } from "./plan/plan.ts";
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
}

export interface RunOptions {
  /** Called with everything that happens, as it happens. */
  readonly onEvent?: (event: RunEvent) => void;
}

/** A pipeline that was read and checked. */
export interface Program {
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
}

/** Reads and checks a pipeline and what it imports. Fails with a UsageError where the file or mtt.yaml cannot be read. */
export const load = (file: string, options: LoadOptions = {}): Effect.Effect<Program, UsageError, FileSystem | Path> =>
  Effect.gen(function* () {
    const config = yield* loadConfig(file, flagsOf(options));
    const { compiled } = yield* compileFile(file, config.settings);
    const { plan, diagnostics } = compiled;
    const program: Program = {
      diagnostics,
      plan,
      run: (targets, { onEvent = () => {} } = {}) =>
        Effect.gen(function* () {
          if (plan === undefined) {
            const { message = "it has no plan" } = diagnostics.find(({ severity }) => severity === "error") ?? {};
            return yield* new UsageError({ message: `${file} is wrong: ${message}` });
          }
          for (const target of targets ?? []) yield* findStep(plan, target, file);
          return yield* execute(plan, targets ?? plan.targets, yield* settingOf(config, file));
        }).pipe(
          Effect.provide(
            servicesOf(config, Layer.succeed(Events, { emit: (event) => Effect.sync(() => onEvent(event)) })),
          ),
        ),
    };
    return program;
  });

const flagsOf = ({ params = {}, store, data, backend, device, memory }: LoadOptions): Flags => ({
  store: Option.fromUndefinedOr(store),
  data: Option.fromUndefinedOr(data),
  backend: Option.fromUndefinedOr(backend),
  device: Option.fromUndefinedOr(device),
  memory: Option.fromUndefinedOr(memory),
  set: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)])),
});
