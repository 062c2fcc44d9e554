import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import { Path } from "effect/Path";
import type { PlatformError } from "effect/PlatformError";
import { reasonOf } from "../../data/files.ts";
import { StepFailure } from "../../execute/failure.ts";
import type { Outcome } from "../../execute/outcome.ts";
import type { Observe, Setting } from "../../execute/setting.ts";
import { encodeEvents } from "../../export/tensorboard/events.ts";
import type { Step } from "../../plan/plan.ts";
import { hashJson } from "../../store/hash.ts";
import { writeWhole } from "../../store/write-whole.ts";
import { evaluationEvents } from "./evaluation.ts";
import { influenceEvents } from "./influence.ts";
import { trainingEvents } from "./training.ts";

/** Raised with what the same results are told as: files of an older version are replaced. */
const VERSION = 1;

/**
 * Writes TensorBoard's event files as results come: `folder/program/model/`, one file for the training and one for every evaluation and influence of the
 * model. A file that is there already tells the same, and is left alone; one of the same step with another key is replaced.
 */
export const board = (folder: string, program: string, setting: Pick<Setting, "backend">): Observe =>
  Effect.fnUntraced(function* (step, outcome, inputs) {
    const told = eventsOf(step, outcome, inputs, setting);
    if (told === undefined) return;
    const fs = yield* FileSystem;
    const path = yield* Path;
    const run = path.join(folder, legal(program), ...told.model.split("/").map(legal));
    const name = legal(step.id.replaceAll("/", "."));
    const key = hashJson([VERSION, outcome.key]).slice(0, 12);
    const refuse = (error: PlatformError) =>
      new StepFailure({
        code: "MTT5405",
        message: `the event files in ${run} cannot be written: ${reasonOf(error)}`,
        help: "check that the folder of --tensorboard is on a writable disk and is yours; what was computed is stored",
      });
    const there = yield* fs
      .makeDirectory(run, { recursive: true })
      .pipe(Effect.andThen(fs.readDirectory(run)), Effect.mapError(refuse));
    const mine = there.filter((file) =>
      new RegExp(`^events\\.out\\.tfevents\\.\\d+\\.${RegExp.escape(name)}\\.[0-9a-f]{12}\\.mtt$`).test(file),
    );
    if (mine.some((file) => file.endsWith(`.${key}.mtt`))) return;
    const bytes = encodeEvents(yield* told.events);
    // Later files sort behind earlier ones: a server that is running reads on from file to file.
    const now = Date.now();
    yield* Effect.forEach(mine, (file) => fs.remove(path.join(run, file)), { discard: true }).pipe(
      Effect.andThen(writeWhole(fs, path.join(run, `events.out.tfevents.${now}.${name}.${key}.mtt`), bytes)),
      Effect.mapError(refuse),
    );
  });

const eventsOf = (step: Step, outcome: Outcome, inputs: readonly Outcome[], setting: Pick<Setting, "backend">) => {
  const { body, id } = step;
  const [model = ""] = step.inputs;
  switch (body.kind) {
    case "train":
      return { model: id, events: trainingEvents({ ...step, body }, outcome, inputs, setting) };
    case "evaluate":
      return { model, events: evaluationEvents({ ...step, body }, outcome, inputs) };
    case "influence":
      return { model, events: influenceEvents({ ...step, body }, outcome, inputs) };
    default:
      return undefined;
  }
};

/** What every file system and TensorBoard's paths take for a name. */
const legal = (name: string): string => name.replaceAll(/[^\p{L}\p{N}_.,=+-]+/gu, "_");
