import { Argument, Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import { Path } from "effect/Path";
import { reasonOf } from "../../data/files.ts";
import { nearMiss } from "../../diagnostic/near-miss.ts";
import { StepFailure } from "../../execute/failure.ts";
import { ExportRefusal } from "../../export/any-size.ts";
import { inferenceOf } from "../../export/inference.ts";
import { onnxFile } from "../../export/onnx.ts";
import { savedModelFile } from "../../export/saved-model.ts";
import { LoweringError } from "../../lower/error.ts";
import { hashBytes } from "../../store/hash.ts";
import { encodeSafetensors } from "../../store/safetensors.ts";
import { writeWhole } from "../../store/write-whole.ts";
import { openOutlet } from "../events.ts";
import { UsageError } from "../exit.ts";
import { file, project } from "../flags.ts";
import { print } from "../print.ts";
import { runFailed } from "../run-failed.ts";
import { type TrainedModel, withTrained } from "../trained.ts";

/** What a model is written as, by the ending of the file, and the file's own name where it lies in a folder. */
const formats: Readonly<
  Record<
    string,
    { readonly inside?: string; readonly write: (model: TrainedModel) => Effect.Effect<Uint8Array, StepFailure> }
  >
> = {
  ".safetensors": { write: ({ outcome }) => Effect.map(outcome.arrays("parameters"), encodeSafetensors) },
  ".onnx": { write: (model) => inferenceFile(model, onnxFile) },
  "/": { inside: "saved_model.pb", write: (model) => inferenceFile(model, savedModelFile) },
};

const inferenceFile = Effect.fnUntraced(function* (
  { training: { network }, outcome }: TrainedModel,
  write: typeof onnxFile,
) {
  const parameters = yield* outcome.arrays("parameters");
  return yield* Effect.try({
    try: () => write(inferenceOf(network, parameters)),
    catch: (error) => {
      if (!(error instanceof ExportRefusal || error instanceof LoweringError)) throw error;
      return new StepFailure({
        code: "MTT5409",
        message: `\`${network.name}\` cannot be written in this format: ${error.message}`,
        help: "--to model.safetensors writes its weights, whatever it computes",
      });
    },
  });
});

export const exportModel = Command.make(
  "export",
  {
    file,
    model: Argument.String("model").pipe(Argument.withDescription("The train step whose model is written")),
    to: Flag.String("to").pipe(
      Flag.withDescription(
        "What to write: model.safetensors (weights and states), model.onnx, or saved_model/ (TensorFlow)",
      ),
    ),
    ...project,
  },
  Effect.fnUntraced(function* (flags) {
    const { to } = flags;
    const ending = Object.keys(formats).find((known) => to.endsWith(known) && to !== known);
    const format = ending === undefined ? undefined : formats[ending];
    if (format === undefined) return yield* unknownFormat(to);
    const fs = yield* FileSystem;
    const path = yield* Path;
    const target = format.inside === undefined ? to : path.join(to, format.inside);
    const outlet = openOutlet({ format: "human", quiet: false, progress: true });
    const bytes = yield* withTrained(flags, outlet, () => Effect.succeed(format.write));
    yield* (format.inside === undefined ? Effect.void : fs.makeDirectory(to, { recursive: true })).pipe(
      Effect.andThen(writeWhole(fs, target, bytes)),
      Effect.catchTag("PlatformError", (error) =>
        runFailed({
          code: "MTT5408",
          message: `${target} cannot be written: ${reasonOf(error)}`,
          help: "name a place that is yours, in a folder that exists; what is computed is stored and is not computed again",
        }),
      ),
    );
    yield* print(`${target}: ${flags.model}, ${bytes.length.toLocaleString("en")} bytes, sha256 ${hashBytes(bytes)}`);
  }),
).pipe(
  Command.withDescription("Write a model for other programs, trained first where it is not stored"),
  Command.withExamples([
    {
      command: "mtt export pipelines/mnist.mtt classifier --to model.safetensors",
      description: 'What `start: weights("model.safetensors")` reads',
    },
    {
      command: "mtt export pipelines/mnist.mtt classifier --to model.onnx",
      description: "The network as after training, for batches of any size, in f32",
    },
    {
      command: "mtt export pipelines/mnist.mtt classifier --to saved_model/",
      description: "The same as a TensorFlow SavedModel, signature serving_default",
    },
  ]),
);

const unknownFormat = (to: string) => {
  const ending = /\.[^./]*$/.exec(to)?.[0] ?? "";
  const near = nearMiss(ending, Object.keys(formats));
  return new UsageError({
    message: `--to: \`${to}\` is of no format that mtt writes${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
    help: "--to model.safetensors, model.onnx, or saved_model/ (a folder ends with a slash)",
  });
};
