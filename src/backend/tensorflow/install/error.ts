import * as Schema from "effect/Schema";

const Code = Schema.Literals(["MTT5302", "MTT5303", "MTT5304", "MTT5305", "MTT5306"]);

/** TensorFlow could not be installed: the platform, the compiler, the way to the files, their contents, the disk. */
export class InstallError extends Schema.TaggedError<InstallError>()("InstallError", {
  code: Code,
  message: Schema.String,
  help: Schema.String,
}) {}
