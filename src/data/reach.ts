import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import * as Effect from "effect/Effect";
import { DataError } from "./error.ts";

/** Where the paths that a program writes may lead: into its project, and into the folders that its user allowed. */
export interface Reach {
  readonly project: string;
  readonly allowed: readonly string[];
}

const MARKS = ["mtt.yaml", "package.json"];

/** The nearest folder, from this one upwards, that a file marks as a project's; without any, the folder itself. */
export const projectOf = (folder: string): string => {
  for (let at = resolve(folder); ; at = dirname(at)) {
    if (MARKS.some((name) => existsSync(join(at, name)))) return at;
    if (dirname(at) === at) return resolve(folder);
  }
};

/** With every symbolic link followed; what does not exist lies where its folder does. */
const real = (path: string): string => {
  try {
    return realpathSync(path);
  } catch {
    const folder = dirname(path);
    return folder === path ? path : join(real(folder), basename(path));
  }
};

const isIn = (folder: string, path: string): boolean => {
  const way = relative(folder, path);
  return !(way === ".." || way.startsWith(`..${sep}`) || isAbsolute(way));
};

/** Why a path that a program writes may not be followed; nothing where it may. */
export const outsideOf = (
  { project, allowed }: Reach,
  path: string,
): { readonly message: string; readonly help: string } | undefined => {
  const absolute = resolve(path);
  const place = real(absolute);
  if ([project, ...allowed].some((folder) => isIn(real(folder), place))) return undefined;
  const leads = isIn(resolve(project), absolute) ? `, where a symbolic link leads to ${place}` : "";
  return {
    message: `${path} is outside of the project ${project}${leads}`,
    help: `a program reads what lies in its project; if this may be read, allow it: --allow-path ${dirname(place)}`,
  };
};

/** The file or folder that a path of the program means, if the program may read it. */
export const fileOf = (
  { base, reach }: { readonly base: string; readonly reach: Reach },
  path: string,
): Effect.Effect<string, DataError> =>
  Effect.suspend(() => {
    const file = resolve(base, path);
    const outside = outsideOf(reach, file);
    return outside === undefined
      ? Effect.succeed(file)
      : Effect.fail(new DataError({ code: "MTT5519", ...outside, file }));
  });
