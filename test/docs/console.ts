import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { environment, programFile } from "../cli/mtt.ts";

const root = resolve(import.meta.dirname, "../..");

/** What pages show in the place of a test's folder. */
export const HOME = "/home/ada/digits";

/** The commands of a block, each with the lines that stand below it. */
export const commandsOf = (text: string): readonly { readonly command: string; readonly output: string }[] =>
  text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf("\n");
      return { command: part.slice(0, end), output: part.slice(end + 1) };
    });

/** A line of a run in progress: on a terminal it is gone when the step is done. */
const passing = /^(… .*| {2}.+ \d+ %.*)\n/gm;

/** Lets pages' commands run in a folder: `npx` there starts the program as it stands, and scripts with its sources. */
export const shellIn = async (folder: string): Promise<(command: string) => string> => {
  const program = await programFile;
  const bin = join(folder, ".bin");
  mkdirSync(bin);
  writeFileSync(
    join(bin, "npx"),
    `#!/bin/sh
what=$1; shift
case $what in
  mtt) exec "${process.execPath}" "${program}" "$@" ;;
  tsx) exec "${process.execPath}" --import "${join(root, "node_modules/tsx/dist/loader.mjs")}" "$@" ;;
esac
exit 127
`,
  );
  chmodSync(join(bin, "npx"), 0o755);
  // A package that depends on mtt.
  const doors = { mtt: [join(root, "src/index.ts")], "mtt/effect": [join(root, "src/effect.ts")] };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { paths: doors } }));
  return (command) => {
    const env = environment();
    const { stdout, error } = spawnSync("bash", ["-c", `{ ${command}\n} 2>&1`], {
      cwd: folder,
      env: { ...env, PATH: `${bin}:${env.PATH}` },
      encoding: "utf8",
    });
    if (error !== undefined) throw error;
    const text = stdout.replaceAll(passing, "").replaceAll(folder, HOME);
    return text === "" || text.endsWith("\n") ? text : `${text}\n`;
  };
};

/** What another machine or another hour says otherwise. */
const changing: readonly (readonly [RegExp, string])[] = [
  [/\b[0-9a-f]{12,64}\b/g, "HASH"],
  [/\b\d{8}-\d{6}-[0-9a-f]{4}\b/g, "RUN"],
  [/\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\b/g, "TIME"],
  [/\b[\d.]+ (s|ms|MB|KiB|MiB)\b/g, "N $1"],
  [/[ ─]+/g, " "],
  [/ $/gm, ""],
];
const number = /(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?(?![\w])/g;

/** Whether two outputs tell the same: as many lines, the same words, and figures as another processor rounds them. */
export const tellTheSame = (shown: string, said: string): boolean => {
  const [a, b] = [shown, said].map((text) => changing.reduce((all, [from, to]) => all.replaceAll(from, to), text));
  if (a!.replaceAll(number, "0") !== b!.replaceAll(number, "0")) return false;
  const [left, right] = [a!, b!].map((text) =>
    [...text.matchAll(number)].map(([digits]) => digits.replaceAll(",", "")),
  );
  return left!.every((digits, i) => near(digits, right![i]!));
};

const near = (a: string, b: string): boolean => {
  const [x, y] = [Number(a), Number(b)];
  const slack = /^-?\d+$/.test(a) && Math.abs(x) < 1000 ? 1 : 0.05 * Math.max(Math.abs(x), Math.abs(y)) + 1e-3;
  return Math.abs(x - y) <= slack;
};
