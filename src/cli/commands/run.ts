import { Argument, Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { layerHttp } from "../../data/http.ts";
import { nearMiss } from "../../diagnostic/near-miss.ts";
import { execute } from "../../execute/execute.ts";
import { layerReports } from "../../report/layer.ts";
import { layerFileSystem } from "../../store/file-system.ts";
import { ready, sourcesOf } from "../compiled.ts";
import { layerEvents } from "../events.ts";
import { EXIT, Finished, UsageError } from "../exit.ts";
import { file, format, project, timings } from "../flags.ts";
import { print, printError } from "../print.ts";
import { figuresText } from "../progress.ts";
import { runFailed } from "../run-failed.ts";
import { settingOf } from "../setting.ts";

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
    timings,
  },
  Effect.fnUntraced(function* (flags) {
    const { plan, config, compiled, sources } = yield* ready(flags.file, flags, flags.format);
    const targets = flags.targets.length === 0 ? plan.targets : flags.targets;
    const ids = plan.steps.map(({ id }) => id);
    for (const target of targets) {
      if (ids.includes(target)) continue;
      const near = nearMiss(target, ids);
      return yield* new UsageError({
        message: `${flags.file} has no step \`${target}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
        help: `its steps are ${plan.steps.flatMap(({ id, declared }) => (declared ? [id] : [])).join(", ")}`,
      });
    }

    const texts = sourcesOf(compiled, sources);
    const result = yield* Effect.gen(function* () {
      const setting = yield* settingOf(config, flags.file);
      return yield* execute(plan, targets, setting);
    }).pipe(
      Effect.provide(
        Layer.mergeAll(
          layerHttp,
          layerReports,
          layerFileSystem(config.store),
          layerEvents({ format: flags.format, quiet: flags.quiet, progress: flags.progress, sources: texts }),
        ),
      ),
      Effect.catchTag("StoreError", runFailed),
      Effect.catchTag("BackendError", (error) =>
        runFailed({ code: "MTT5301", message: error.message, help: error.help }),
      ),
    );

    if (flags.format !== "json") {
      for (const target of targets) {
        const summary = result.summaries[target];
        if (summary !== undefined && (summary.status === "ran" || summary.status === "cached")) {
          yield* print(`${target}: ${figuresText(summary.result)}`);
        }
      }
    }
    if (flags.timings) {
      yield* printError(
        Object.entries(result.summaries)
          .map(
            ([name, { status, seconds }]) =>
              `${name.padEnd(24)} ${status.padEnd(8)} ${(seconds * 1000).toFixed(0).padStart(8)} ms`,
          )
          .join("\n"),
      );
    }
    if (result.status === "wrong") return yield* new Finished({ exit: EXIT.program });
    if (result.status === "failed") return yield* new Finished({ exit: EXIT.run });
  }),
).pipe(
  Command.withDescription("Compute what the targets need, and nothing that is stored already"),
  Command.withExamples([
    { command: "mtt run pipelines/mnist.mtt", description: "Train, evaluate and check the assertions" },
    { command: "mtt run pipelines/mnist.mtt --set epochs=12", description: "Go on from 10 epochs to 12" },
    { command: "mtt run pipelines/mnist.mtt accuracy_on_test --format json", description: "One step, as JSON lines" },
  ]),
);
