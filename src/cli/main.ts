import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Cause from "effect/Cause";
import { CliError, Command } from "effect/cli";
import * as Effect from "effect/Effect";
import packageJson from "../../package.json" with { type: "json" };
import { backend } from "./commands/backend.ts";
import { cache } from "./commands/cache.ts";
import { check } from "./commands/check.ts";
import { explain } from "./commands/explain.ts";
import { fmt } from "./commands/fmt.ts";
import { graph } from "./commands/graph.ts";
import { plan } from "./commands/plan.ts";
import { run } from "./commands/run.ts";
import { shapes } from "./commands/shapes.ts";
import { EXIT, Finished, type UsageError } from "./exit.ts";
import { printError } from "./print.ts";

const mtt = Command.make("mtt").pipe(
  Command.withDescription("Machine-learning experiments you can ask why"),
  Command.withSubcommands([run, check, shapes, plan, explain, graph, fmt, cache, backend]),
);

const program = Command.run(mtt, { version: packageJson.version }).pipe(
  Effect.catchTag("UsageError", (error: UsageError) =>
    printError(`mtt: ${error.message}${error.help === undefined ? "" : `\n  help: ${error.help}`}`).pipe(
      Effect.andThen(new Finished({ exit: EXIT.usage })),
    ),
  ),
  // The library has printed the help and what was wrong.
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
  Effect.provide(NodeServices.layer),
);

NodeRuntime.runMain(program, { disableErrorReporting: true });
