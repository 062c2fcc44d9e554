import { Argument, Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { Path } from "effect/Path";
import type { Compiled } from "../../compile.ts";
import type { Diagnostic } from "../../diagnostic/diagnostic.ts";
import type { Figures } from "../../execute/events.ts";
import { execute, type RunResult } from "../../execute/execute.ts";
import { familyTable } from "../../execute/kinds/family.ts";
import type { Setting } from "../../execute/setting.ts";
import { ready } from "../compiled.ts";
import type { Flags } from "../config.ts";
import { layerEvents, type Outlet, type OutletOptions, openOutlet } from "../events.ts";
import { EXIT, Finished, UsageError } from "../exit.ts";
import { findStep } from "../find-step.ts";
import { file, format, project, timings } from "../flags.ts";
import { print, printError } from "../print.ts";
import { figuresText } from "../progress.ts";
import { recorded } from "../recording.ts";
import { servicesOf, settingOf } from "../setting.ts";
import { table } from "../table.ts";
import { editLines, watch } from "../watch.ts";

export const run = Command.make(
  "run",
  {
    file,
    targets: Argument.String("target").pipe(
      Argument.withDescription("Steps to compute (default: asserts, reports, and steps nothing else uses)"),
      Argument.variadic(),
    ),
    ...project,
    format,
    quiet: Flag.Boolean("quiet").pipe(Flag.withDescription("Print results and errors only"), Flag.withDefault(false)),
    progress: Flag.Boolean("progress").pipe(
      Flag.withDescription("--no-progress: plain lines even on a terminal"),
      Flag.withDefault(true),
    ),
    tensorboard: Flag.String("tensorboard").pipe(
      Flag.withDescription(
        "Folder for TensorBoard's event files: curves, weights, gradients, influences, graph, hyper-parameters",
      ),
      Flag.optional,
    ),
    watch: Flag.Boolean("watch").pipe(
      Flag.withDescription("Run again at every saved edit of the program, what it imports and its data; Ctrl-C ends"),
      Flag.withDefault(false),
    ),
    timings,
  },
  (flags) =>
    flags.watch
      ? watch(
          flags.file,
          flags,
          (by) => once(flags, () => by.edit),
          (edit) => {
            if (flags.format === "json") return print(JSON.stringify({ event: "watch.changed", ...edit }));
            return flags.quiet ? Effect.void : printError(editLines(edit, new Date()));
          },
        )
      : once(flags, () => false),
).pipe(
  Command.withDescription("Compute what the targets need, and nothing that is stored already"),
  Command.withExamples([
    { command: "mtt run pipelines/mnist.mtt", description: "Train, evaluate and check the assertions" },
    { command: "mtt run pipelines/mnist.mtt --set epochs=12", description: "Go on from 10 epochs to 12" },
    { command: "mtt run pipelines/mnist.mtt accuracy_on_test --format json", description: "One step, as JSON lines" },
    { command: "mtt run pipelines/mnist.mtt --watch", description: "Again at every save: what an edit changed" },
  ]),
);

interface RunFlags extends Flags, OutletOptions {
  readonly file: string;
  readonly targets: readonly string[];
  readonly tensorboard: Option.Option<string>;
  readonly timings: boolean;
}

const once = Effect.fnUntraced(function* (flags: RunFlags, edited: () => boolean) {
  const path = yield* Path;
  const outlet = openOutlet({ ...flags, edited });
  const program = yield* Effect.onError(ready(flags.file, flags, outlet.say), () => unstarted(outlet));
  const { plan, config, compiled, sources } = program;
  for (const target of flags.targets) yield* findStep(plan, target, flags.file);
  const targets = flags.targets.length === 0 ? plan.targets : flags.targets;
  if (targets.length === 0) {
    yield* unstarted(outlet);
    return yield* new UsageError({
      message: `${flags.file} declares no step: there is nothing to run`,
      help: "a step begins with train, evaluate, assert or report; `mtt check` checks a file without any",
    });
  }

  const refused = (error: { readonly code: `MTT${number}`; readonly message: string; readonly help: string }) =>
    outlet
      .say([about(flags.file, error)], new Map())
      .pipe(Effect.andThen(unstarted(outlet)), Effect.andThen(new Finished({ exit: EXIT.run })));
  const result = yield* Effect.gen(function* () {
    const plain = yield* settingOf(config, flags.file, sources, compiled.diagnostics);
    const folder = Option.getOrUndefined(flags.tensorboard);
    const setting: Setting = {
      ...plain,
      ...(folder === undefined ? {} : { observe: (yield* boards).board(folder, plain.program, plain) }),
    };
    const about = {
      file: path.resolve(flags.file),
      targets,
      params: Object.fromEntries(config.settings),
      engine: setting.backend.identity,
    };
    const kinds = new Map(plan.steps.map(({ id, body }) => [id, body.kind]));
    const events = recorded(config.store, about, kinds, layerEvents(outlet, sources));
    return yield* Effect.provide(execute(plan, targets, setting), servicesOf(config, events));
  }).pipe(
    Effect.catchTag("StoreError", refused),
    Effect.catchTag("BackendError", (error) => refused({ code: "MTT5301", message: error.message, help: error.help })),
  );

  if (flags.format === "human" || flags.format === "short") yield* printResults(targets, result);
  if (Option.isSome(flags.tensorboard) && !flags.quiet && result.status !== "failed")
    yield* printError(`event files are in ${flags.tensorboard.value}: tensorboard --logdir ${flags.tensorboard.value}`);
  if (flags.timings) yield* printTimings(compiled, result);
  if (result.status === "wrong") return yield* new Finished({ exit: EXIT.program });
  if (result.status === "failed") return yield* new Finished({ exit: EXIT.run });
});

/** Loaded where it is asked for: it draws pictures. */
const boards = Effect.promise(() => import("../../report/tensorboard/board.ts"));

/** A run that came to no step ends as others do: who reads the events finds an end. */
const unstarted = (outlet: Outlet): Effect.Effect<void> =>
  outlet.emit({ event: "run.finished", status: "failed", steps: {} }, new Map());

/** What is wrong with disk or engine has no better place than the program's beginning. */
const about = (
  name: string,
  { code, message, help }: { readonly code: `MTT${number}`; readonly message: string; readonly help: string },
): Diagnostic => ({
  code,
  severity: "error",
  span: { file: name, start: 0, end: 0 },
  message,
  notes: [],
  help,
  fixes: [],
});

const printResults = (targets: readonly string[], { summaries }: RunResult) =>
  Effect.forEach(
    targets,
    (target) => {
      const summary = summaries[target];
      return summary !== undefined && (summary.status === "ran" || summary.status === "cached")
        ? print(`${target}: ${figuresText(summary.result)}${membersText(summary.result)}`)
        : Effect.void;
    },
    { discard: true },
  );

/** Of a sweep, or an evaluation of one, a table by member. */
const membersText = (figures: Figures): string => {
  const family = familyTable(figures);
  if (family === undefined) return "";
  const rows = family.rows.map((row) =>
    row.map((value) => `${typeof value === "number" ? Number(value.toPrecision(4)) : (value ?? "")}`),
  );
  return `\n${table(family.head, rows).replaceAll(/^/gm, "  ")}`;
};

const printTimings = ({ timings: phases }: Compiled, { summaries }: RunResult) =>
  printError(
    [
      ...Object.entries(phases).map(([phase, milliseconds]) => [phase, "", milliseconds] as const),
      ...Object.entries(summaries).map(([name, { status, seconds }]) => [name, status, seconds * 1000] as const),
    ]
      .map(
        ([name, how, milliseconds]) => `${name.padEnd(24)} ${how.padEnd(8)} ${milliseconds.toFixed(1).padStart(10)} ms`,
      )
      .join("\n"),
  );
