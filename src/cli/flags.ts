import { Argument, Flag } from "effect/cli";
import { BACKEND_NAMES, DEVICES } from "./config.ts";

export const FORMATS = ["human", "short", "json", "github", "sarif"] as const;
export type Format = (typeof FORMATS)[number];

export const file = Argument.String("file").pipe(Argument.withDescription("The pipeline, a .mtt file"));

export const set = Flag.KeyValuePair("set").pipe(
  Flag.withDescription("name=value: set a param of the program (repeatable)"),
  Flag.withDefault({}),
);

export const format = Flag.Literals("format", FORMATS).pipe(
  Flag.withDescription("How diagnostics and results are printed (default: human)"),
  Flag.withDefault("human"),
);

/** What every command that reads a pipeline and its store takes. */
export const project = {
  store: Flag.String("store").pipe(
    Flag.withDescription("Folder of stored results (default: .mtt beside mtt.yaml, or beside the file)"),
    Flag.optional,
  ),
  data: Flag.String("data").pipe(Flag.withDescription("Folder with data files, such as MNIST's"), Flag.optional),
  backend: Flag.Literals("backend", BACKEND_NAMES).pipe(
    Flag.withDescription("What computes (default: auto, the fastest that is installed)"),
    Flag.optional,
  ),
  device: Flag.Literals("device", DEVICES).pipe(
    Flag.withDescription("Where it computes (default: cpu)"),
    Flag.optional,
  ),
  memory: Flag.String("memory").pipe(
    Flag.withDescription(
      "Bytes that influence, evaluation and prediction may take, as 512MiB; results stay the same but for rounding",
    ),
    Flag.optional,
  ),
  allowPath: Flag.String("allow-path").pipe(
    Flag.withDescription("A folder outside of the project that the program may read (repeatable)"),
    Flag.atLeast(0),
  ),
  set,
};

export const timings = Flag.Boolean("timings").pipe(
  Flag.withDescription("Print the milliseconds of every phase"),
  Flag.withDefault(false),
);
