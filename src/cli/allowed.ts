import { homedir } from "node:os";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import { Path } from "effect/Path";
import * as Schema from "effect/Schema";
import { projectOf, type Reach } from "../data/reach.ts";
import { UsageError } from "./exit.ts";
import { readText } from "./read-text.ts";
import { yamlOf } from "./yaml.ts";

const isOwn = Schema.is(Schema.Struct({ allow_path: Schema.Array(Schema.String) }));

/**
 * What a pipeline may read: its project, and the folders that `--allow-path`, MTT_ALLOW_PATH and the user's own mtt.yaml name, and `given`, the data
 * that the user names. A project's mtt.yaml says nothing here: it may have come with the program.
 */
export const reachOf = Effect.fnUntraced(function* (
  file: string,
  flags: readonly string[],
  given: string | undefined,
): Effect.fn.Return<Reach, UsageError, FileSystem | Path> {
  const fs = yield* FileSystem;
  const path = yield* Path;
  const variables = (process.env.MTT_ALLOW_PATH ?? "").split(process.platform === "win32" ? ";" : ":");
  const said = [
    ...flags.map((folder) => ({ where: "--allow-path", folder })),
    ...variables.filter((folder) => folder !== "").map((folder) => ({ where: "MTT_ALLOW_PATH", folder })),
    ...(yield* ownFile),
  ];
  const allowed = given === undefined ? [] : [given];
  for (const { where, folder } of said) {
    const absolute = path.resolve(folder);
    // A misspelt folder would be found out only where the pipeline is refused.
    if (folder === "" || !(yield* Effect.orElseSucceed(fs.exists(absolute), () => false)))
      return yield* new UsageError({ message: `${where}: there is no folder \`${folder}\`` });
    allowed.push(absolute);
  }
  return { project: projectOf(path.dirname(file)), allowed };
});

/** `allow_path` of the user's own mtt.yaml, in the folder of their settings. */
const ownFile = Effect.gen(function* () {
  const fs = yield* FileSystem;
  const path = yield* Path;
  const home = process.env.HOME || homedir();
  const settings = process.env.XDG_CONFIG_HOME || path.join(home, ".config");
  const file = path.join(settings, "mtt", "mtt.yaml");
  if (!(yield* Effect.orElseSucceed(fs.exists(file), () => false))) return [];
  const own = yield* yamlOf(file, yield* readText(file, "settings"), ["allow_path"]);
  if (Object.keys(own).length === 0) return [];
  if (!isOwn(own))
    return yield* new UsageError({
      message: `${file}: \`allow_path\` is a list of folders`,
      help: "`allow_path: [/data]`",
    });
  return own.allow_path.map((folder) => ({
    where: `${file}: allow_path`,
    folder: path.resolve(path.dirname(file), folder),
  }));
});
