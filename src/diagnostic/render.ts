import type { Diagnostic, Sources } from "./diagnostic.ts";
import { renderGithub } from "./github.ts";
import { renderHuman } from "./human.ts";
import { renderJson } from "./json.ts";
import { renderSarif } from "./sarif.ts";
import { renderShort } from "./short.ts";

export type Format = "human" | "short" | "json" | "github" | "sarif";

interface Options {
  readonly color: boolean;
}

const renderers: {
  readonly [F in Format]: (diagnostics: readonly Diagnostic[], sources: Sources, options: Options) => string;
} = { human: renderHuman, short: renderShort, json: renderJson, github: renderGithub, sarif: renderSarif };

/**
 * Diagnostics → text, in the order given. `sources` holds the texts by the names in the spans; where one is missing its
 * diagnostics have no line. Every format but sarif, which is one document, yields nothing for no diagnostics.
 */
export const render = (
  diagnostics: readonly Diagnostic[],
  sources: Sources,
  format: Format,
  options: Options = { color: false },
): string => renderers[format](diagnostics, sources, options);
