import { Argument, Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import { Path } from "effect/Path";
import type { PlatformError } from "effect/PlatformError";
import { reasonOf } from "../../data/files.ts";
import { format as formatted } from "../../format/format.ts";
import { templates } from "../../generated/templates.ts";
import { UsageError } from "../exit.ts";
import { results } from "../flags.ts";
import { textFrom } from "../from-data.ts";
import { print, printError } from "../print.ts";
import { runFailed } from "../run-failed.ts";

type TemplateName = keyof typeof templates;
const names = Object.keys(templates).filter((name): name is TemplateName => Object.hasOwn(templates, name));

export const init = Command.make(
  "init",
  {
    folder: Argument.String("folder").pipe(
      Argument.withDescription("Where the project begins (default: here); made where it is not there"),
      Argument.withDefault("."),
    ),
    template: Flag.Literals("template", names).pipe(
      Flag.withDescription(
        "mnist: images of digits (the default); table: rows of a CSV file, with wrong labels to find",
      ),
      Flag.optional,
    ),
    from: Flag.String("from").pipe(
      Flag.withDescription(
        "Data in the folder, for which a program is written: a CSV table, a folder of PNG pictures with a folder for each class, a folder of IDX files as MNIST has them, .npy arrays, an .npz archive",
      ),
      Flag.optional,
    ),
    format: results,
  },
  Effect.fnUntraced(function* (flags) {
    const path = yield* Path;
    if (Option.isSome(flags.template) && Option.isSome(flags.from)) {
      return yield* new UsageError({
        message: "--template and --from both say what the project is",
        help: "give one of them",
      });
    }
    const name = Option.getOrElse(flags.template, (): TemplateName => "mnist");
    const files = Option.isSome(flags.from)
      ? yield* filesFrom(flags.folder, flags.from.value)
      : new Map<string, string>(templates[name]);
    yield* writeNew(flags.folder, files);
    const program = [...files.keys()].find((file) => file.endsWith(".mtt"))!;
    const written = [...files.keys()].map((file) => path.join(flags.folder, file));
    if (flags.format === "json") {
      yield* print(
        JSON.stringify({ folder: flags.folder, template: Option.isSome(flags.from) ? null : name, files: written }),
      );
      return;
    }
    yield* print(written.join("\n"));
    yield* printError(nextSteps(path.relative(process.cwd(), path.resolve(flags.folder)), program));
  }),
).pipe(
  Command.withDescription("Begin a project: a program that runs, to be changed; overwrites nothing"),
  Command.withExamples([
    { command: "mtt init digits", description: "Images: trains on MNIST, or on digits that it draws itself" },
    { command: "mtt init beans --template table", description: "A table with a few wrong labels, and who finds them" },
    { command: "mtt init --from people.csv", description: "A program for the columns of a file of yours" },
    { command: "mtt init --from pets", description: "For pictures pets/cat/*.png and pets/dog/*.png" },
  ]),
);

const nextSteps = (folder: string, program: string): string => `
next:
${folder === "" ? "" : `  cd ${/^[\w./-]+$/.test(folder) ? folder : JSON.stringify(folder)}\n`}  mtt check ${program}      what is wrong with it, before anything runs
  mtt run ${program}        trains, evaluates, asks which examples made it say that
  mtt runs open${" ".repeat(program.length)}   the report in your browser`;

/** A program made for data that is there. */
const filesFrom = Effect.fnUntraced(function* (folder: string, from: string) {
  const path = yield* Path;
  const way = path.relative(path.resolve(folder), path.resolve(from));
  if (way.startsWith("..") || path.isAbsolute(way)) {
    return yield* new UsageError({
      message: `--from: ${from} lies outside of ${folder}, and a program reads what lies in its project`,
      help: `copy it there, or begin the project where it is: mtt init ${path.dirname(from)} --from ${from}`,
    });
  }
  const text = yield* textFrom(from, way.split(path.sep).join("/")).pipe(
    Effect.catchTag("DataError", ({ message, help }) => new UsageError({ message, help })),
  );
  const name = `${path.basename(path.resolve(from), path.extname(from))}.mtt`;
  const neat = formatted(text, name);
  return new Map([[name, typeof neat === "string" ? neat : text]]);
});

/** All of the files, or none where one of them is there already. */
const writeNew = Effect.fnUntraced(function* (folder: string, files: ReadonlyMap<string, string>) {
  const fs = yield* FileSystem;
  const path = yield* Path;
  const failed = (error: PlatformError) =>
    runFailed({
      code: "MTT5408",
      message: `${folder} cannot be written to: ${reasonOf(error)}`,
      help: "name a folder that is yours, on a writable disk",
    });
  const there: string[] = [];
  for (const file of files.keys())
    if (yield* fs.exists(path.join(folder, file)).pipe(Effect.catchTag("PlatformError", failed))) there.push(file);
  if (there.length > 0) {
    return yield* new UsageError({
      message: `${folder} has ${there.join(", ")} already: nothing was written`,
      help: "name a folder of its own: mtt init my-project",
    });
  }
  yield* fs.makeDirectory(folder, { recursive: true }).pipe(Effect.catchTag("PlatformError", failed));
  for (const [file, text] of files)
    yield* fs
      .writeFileString(path.join(folder, file), text, { flag: "wx" })
      .pipe(Effect.catchTag("PlatformError", failed));
});
