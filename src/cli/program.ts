import * as Cause from "effect/Cause";
import { CliConfig, CliError, CliOutput, Command, GlobalFlag } from "effect/cli";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import packageJson from "../../package.json" with { type: "json" };
import { backend } from "./commands/backend.ts";
import { cache } from "./commands/cache.ts";
import { check } from "./commands/check.ts";
import { doctor } from "./commands/doctor.ts";
import { explain } from "./commands/explain.ts";
import { exportModel } from "./commands/export.ts";
import { fmt } from "./commands/fmt.ts";
import { graph } from "./commands/graph.ts";
import { init } from "./commands/init.ts";
import { lsp } from "./commands/lsp.ts";
import { plan } from "./commands/plan.ts";
import { predict } from "./commands/predict.ts";
import { run } from "./commands/run.ts";
import { runs } from "./commands/runs.ts";
import { shapes } from "./commands/shapes.ts";
import { EXIT, Finished, type UsageError } from "./exit.ts";
import { printError } from "./print.ts";
import { sayUsage } from "./say-usage.ts";
import { presenter } from "./wrong-use.ts";

export const mtt = Command.make("mtt").pipe(
  Command.withDescription("Machine-learning experiments you can ask why"),
  Command.withSubcommands([
    init,
    run,
    check,
    shapes,
    plan,
    explain,
    graph,
    fmt,
    exportModel,
    predict,
    lsp,
    runs,
    cache,
    backend,
    doctor,
  ]),
  Command.withExamples([
    { command: "mtt init digits", description: "Begin a project that runs" },
    { command: "mtt run pipelines/mnist.mtt", description: "Train, evaluate and check the assertions" },
    { command: "mtt check *.mtt", description: "Say all that is wrong with programs" },
    { command: "mtt --completions bash >> ~/.bashrc", description: "Let the shell complete commands and flags" },
  ]),
);

/** Flags of every command. */
export const layerConfig = CliConfig.layer({
  builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions],
});

/** The command line, without the machine it runs on: files and processes are given by who starts it. */
export const program = Command.run(mtt, { version: packageJson.version }).pipe(
  Effect.catchTag("UsageError", (error: UsageError) =>
    sayUsage(error).pipe(Effect.andThen(new Finished({ exit: EXIT.usage }))),
  ),
  // The presenter has said what was wrong.
  Effect.catchIf(CliError.isCliError, (error) =>
    error._tag === "ShowHelp" && error.errors.length === 0 ? Effect.void : new Finished({ exit: EXIT.usage }),
  ),
  // What is left is a fault of ours.
  Effect.catchCause((cause) =>
    Cause.hasInterruptsOnly(cause) || Cause.findErrorOption(cause)._tag === "Some"
      ? Effect.failCause(cause)
      : printError(
          `mtt: this is a bug in mtt, please report it with the program that caused it:\n${Cause.pretty(cause)}`,
        ).pipe(Effect.andThen(new Finished({ exit: EXIT.run }))),
  ),
  Effect.provide(Layer.mergeAll(CliOutput.layerPresenter(presenter), layerConfig)),
);
