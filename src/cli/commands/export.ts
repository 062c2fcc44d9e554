import { Argument, Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import { reasonOf } from "../../data/files.ts";
import { execute } from "../../execute/execute.ts";
import { hashBytes } from "../../store/hash.ts";
import { encodeSafetensors } from "../../store/safetensors.ts";
import { writeWhole } from "../../store/write-whole.ts";
import { ready } from "../compiled.ts";
import { layerEvents, openOutlet } from "../events.ts";
import { EXIT, Finished, UsageError } from "../exit.ts";
import { findStep } from "../find-step.ts";
import { file, project } from "../flags.ts";
import { print } from "../print.ts";
import { runFailed } from "../run-failed.ts";
import { servicesOf, settingOf } from "../setting.ts";

export const exportModel = Command.make(
  "export",
  {
    file,
    model: Argument.String("model").pipe(Argument.withDescription("The train step whose model is written")),
    to: Flag.String("to").pipe(Flag.withDescription("The file to write: NAME.safetensors")),
    ...project,
  },
  Effect.fnUntraced(function* (flags) {
    const { to } = flags;
    if (!to.endsWith(".safetensors")) {
      return yield* new UsageError({
        message: `--to: \`${to}\` is of no format that mtt writes`,
        help: "a model is written as safetensors: --to model.safetensors",
      });
    }
    const outlet = openOutlet({ format: "human", quiet: false, progress: true });
    const { plan, config, sources } = yield* ready(flags.file, flags, outlet.say);
    const step = yield* findStep(plan, flags.model, flags.file);
    if (step.body.kind !== "train") {
      const models = plan.steps.filter(({ body }) => body.kind === "train").map(({ id }) => id);
      return yield* new UsageError({
        message: `\`${step.id}\` is no model`,
        help: models.length === 0 ? `${flags.file} trains none` : `a model comes of a train step: ${models.join(", ")}`,
      });
    }
    const bytes = yield* Effect.gen(function* () {
      const { outcomes } = yield* execute(plan, [step.id], yield* settingOf(config, flags.file));
      const outcome = outcomes.get(step.id);
      if (outcome === undefined) return yield* new Finished({ exit: EXIT.run });
      return encodeSafetensors(yield* outcome.arrays("parameters"));
    }).pipe(
      Effect.provide(servicesOf(config, layerEvents(outlet, sources))),
      Effect.catchTag("StoreError", runFailed),
      Effect.catchTag("StepFailure", runFailed),
      Effect.catchTag("BackendError", ({ message, help }) => runFailed({ code: "MTT5301", message, help })),
    );
    yield* writeWhole(yield* FileSystem, to, bytes).pipe(
      Effect.catchTag("PlatformError", (error) =>
        runFailed({
          code: "MTT5408",
          message: `${to} cannot be written: ${reasonOf(error)}`,
          help: "name a file in a folder that exists and is yours; what is computed is stored and is not computed again",
        }),
      ),
    );
    yield* print(`${to}: ${step.id}, ${bytes.length.toLocaleString("en")} bytes, sha256 ${hashBytes(bytes)}`);
  }),
).pipe(
  Command.withDescription("Write a model's weights and states, trained first where it is not stored"),
  Command.withExamples([
    {
      command: "mtt export pipelines/mnist.mtt classifier --to model.safetensors",
      description: 'What `start: weights("model.safetensors")` reads',
    },
  ]),
);
