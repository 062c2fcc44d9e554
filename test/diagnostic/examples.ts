import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fencesOf } from "../docs/fences.ts";

export const pagesFolder = resolve(import.meta.dirname, "../../docs/diagnostics");

/** A program of a page. */
export interface Example {
  /** `wrong`, `right`, or the name of a file beside. */
  readonly what: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly text: string;
}

export const pageOf = (code: string): string => readFileSync(join(pagesFolder, `${code}.md`), "utf8");

/** Programs of a page: fences of `mtt wrong`, `mtt wrong --set name=value`, `mtt right`, `mtt other.mtt`. */
export const examplesOf = (page: string): readonly Example[] =>
  fencesOf(page).flatMap(({ language, words: [what, set, setting = ""], text }) => {
    const [, name, value] = /^(\w+)=(\S+)$/.exec(setting) ?? [];
    if (language !== "mtt" || what === undefined || (set !== undefined && name === undefined)) return [];
    return { what, settings: new Map(name === undefined || value === undefined ? [] : [[name, value]]), text };
  });

/** The files that stand beside a page's wrong program. */
export const besideOf = (examples: readonly Example[]): readonly (readonly [string, string])[] =>
  examples.flatMap(({ what, text }) => (what.endsWith(".mtt") ? [[what, text] as const] : []));

/** Codes that a check gives: the others come at run time. */
export const isChecked = (code: string): boolean => code < "MTT5";
