import { stat } from "node:fs/promises";
import * as Effect from "effect/Effect";
import { Path } from "effect/Path";
import { importedFiles } from "../check/modules.ts";
import { type PlanChanges, pathsOf, planChanges } from "../plan/changes.ts";
import type { Plan } from "../plan/plan.ts";
import { parse } from "../syntax/parse.ts";
import { compileFile } from "./compiled.ts";
import { type Flags, loadConfig } from "./config.ts";
import { Finished, UsageError } from "./exit.ts";
import { printError } from "./print.ts";
import { sayUsage } from "./say-usage.ts";

/** Milliseconds between two looks at the files, and for which they must then stay the same: an editor writes in several moves. */
const LOOK = 150;
const SETTLE = 100;

/** Beside the program. */
const SETTINGS = "mtt.yaml";

/** The program as its files are now. */
interface Seen {
  readonly plan: Plan | undefined;
  /** What its files hold: a save that changes nothing is no edit. */
  readonly texts: ReadonlyMap<string, string>;
  /** Data files, by the program's own paths, and how they were found. */
  readonly data: ReadonlyMap<string, string>;
  /** All files whose change may matter, imports that are not there yet too. */
  readonly files: readonly string[];
}

/** What came between two runs. */
export interface Edit {
  readonly files: readonly string[];
  /** Absent where the program was or is wrong. */
  readonly steps?: PlanChanges;
}

/** `before`: a program that is wrong now reads the data that it read. */
const look = Effect.fnUntraced(function* (file: string, flags: Flags, before?: Seen) {
  const path = yield* Path;
  const config = yield* loadConfig(file, flags);
  const { compiled, sources } = yield* compileFile(file, config);
  const texts = new Map([...sources].filter(([name]) => !name.startsWith("std/")));
  const imports = [...texts].flatMap(([name, text]) => [...importedFiles(parse(name, text).file)]);
  const data = new Map<string, string>();
  for (const one of compiled.plan?.steps.flatMap(pathsOf) ?? before?.data.keys() ?? [])
    data.set(one, yield* stateOf(path.resolve(path.dirname(file), one)));
  data.set(SETTINGS, yield* stateOf(path.join(path.dirname(file), SETTINGS)));
  const dataFiles = [...data.keys()].map((one) => path.resolve(path.dirname(file), one));
  const seen: Seen = {
    plan: compiled.plan,
    texts,
    data,
    files: [...new Set([...texts.keys(), ...imports, ...dataFiles])].filter((name) => !name.startsWith("std/")),
  };
  return seen;
});

/** How a file lies there: another state is another save. */
const stateOf = (file: string): Effect.Effect<string> =>
  Effect.promise(() =>
    stat(file, { bigint: true }).then(
      ({ mtimeNs, size, ino }) => `${mtimeNs} ${size} ${ino}`,
      () => "none",
    ),
  );

const statesOf = (files: readonly string[]): Effect.Effect<string> =>
  Effect.map(Effect.forEach(files, stateOf), (states) => states.join("\n"));

const changedNames = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));

/** Waits for a save that changes what the program is or reads. While its files cannot be read it waits on. */
const nextEdit = Effect.fnUntraced(function* (file: string, flags: Flags, before: Seen) {
  // The first look finds what was saved since the last one.
  let last = "";
  for (;;) {
    yield* Effect.sleep(LOOK);
    let now = yield* statesOf(before.files);
    if (now === last) continue;
    for (let again = ""; again !== now; ) {
      yield* Effect.sleep(SETTLE);
      [again, now] = [now, yield* statesOf(before.files)];
    }
    last = now;
    const after = yield* Effect.option(look(file, flags, before));
    if (after._tag === "None") continue;
    const files = [...changedNames(before.texts, after.value.texts), ...changedNames(before.data, after.value.data)];
    if (files.length === 0) continue;
    const [was, is] = [before.plan, after.value.plan];
    const edit: Edit = {
      files,
      ...(was === undefined || is === undefined ? {} : { steps: planChanges(was, is, files) }),
    };
    return { seen: after.value, edit };
  }
});

/**
 * Runs, and again at every edit, which ends a run that is under way: what it stored stays. A wrong program is said and waited on; wrong use of the command
 * itself ends at once. Goes on until it is interrupted.
 */
export const watch = <E, R>(
  file: string,
  flags: Flags,
  once: (interruptedBy: { edit: boolean }) => Effect.Effect<void, E | Finished | UsageError, R>,
  tell: (edit: Edit) => Effect.Effect<void>,
) =>
  Effect.gen(function* () {
    let seen = yield* look(file, flags);
    for (let first = true; ; first = false) {
      const by = { edit: false };
      const change = Effect.tap(nextEdit(file, flags, seen), () =>
        Effect.sync(() => {
          by.edit = true;
        }),
      );
      const ran = once(by).pipe(
        Effect.catchIf(
          (error) => error instanceof UsageError,
          (error) => (first ? Effect.fail(error) : sayUsage(error)),
        ),
        Effect.catchIf(
          (error) => error instanceof Finished,
          () => Effect.void,
        ),
        Effect.andThen(printError(`watching ${seen.files.length} files; Ctrl-C ends`)),
        Effect.andThen(Effect.never),
      );
      const edited: Effect.Success<typeof change> = yield* Effect.raceFirst(ran, change);
      seen = edited.seen;
      yield* tell(edited.edit);
    }
  });

/** `p.mtt changed`, and the steps that are another for it. */
export const editLines = ({ files, steps }: Edit, now: Date): string => {
  const lines = [`── ${now.toTimeString().slice(0, 8)}  ${files.join(", ")} changed`];
  if (steps === undefined) return lines[0]!;
  const { changed, follow, removed } = steps;
  if (changed.length + removed.length === 0) return `${lines[0]}: no step is another for it`;
  for (const { step, why } of changed)
    lines.push(`   ${step}: ${why.slice(0, 3).join("; ")}${why.length > 3 ? "; …" : ""}`);
  if (follow.length > 0) lines.push(`   what reads it: ${follow.join(", ")}`);
  if (removed.length > 0) lines.push(`   gone: ${removed.join(", ")}`);
  return lines.join("\n");
};
