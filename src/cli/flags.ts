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

/** Of what prints no diagnostics. */
export const results = Flag.Literals("format", ["human", "json"]).pipe(
  Flag.withDescription("How results are printed (default: human)"),
  Flag.withDefault("human"),
);

/** What every command that runs a pipeline takes. */
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

/** Of what is about the store alone. */
export const stored = { store: project.store };

/** Of what asks the compiler and computes nothing: the other flags of a run are taken too, so that one line of flags serves all commands of a pipeline. */
export const compiling = {
  set,
  memory: project.memory,
  allowPath: project.allowPath,
  store: project.store.pipe(Flag.withHidden),
  data: project.data.pipe(Flag.withHidden),
  backend: project.backend.pipe(Flag.withHidden),
  device: project.device.pipe(Flag.withHidden),
};

export const timings = Flag.Boolean("timings").pipe(
  Flag.withDescription("Print the milliseconds of every phase"),
  Flag.withDefault(false),
);
