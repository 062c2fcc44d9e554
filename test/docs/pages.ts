import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect } from "vitest";
import { compile } from "../../src/compile.ts";
import { render } from "../../src/diagnostic/render.ts";
import { folderOf } from "../cli/mtt.ts";
import { commandsOf, shellIn, tellTheSame } from "./console.ts";
import { type Fence, fencesOf } from "./fences.ts";

export const docs = resolve(import.meta.dirname, "../../docs");
const update = process.env.UPDATE_GOLDENS === "1";

/** The pages of a folder of docs/. */
export const pagesIn = (folder: string): readonly string[] =>
  readdirSync(join(docs, folder))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `${folder}/${file}`)
    .sort();

/**
 * A page's programs and commands, in the order in which its reader meets them:
 * `mtt right` is a program without a fault, whose assertions hold, `mtt wrong MTT3004` one with this fault alone; `mtt a.mtt` is a file without a fault, `mtt a.mtt wrong` one
 * that is shown to have some, `mtt a.mtt more` is added to that file; `console` holds commands and what they print, in the folder of these files;
 * `ts a.ts` and `yaml a.yaml` are further files in it. Other languages are text.
 */
export async function readPage(page: string): Promise<void> {
  const text = readFileSync(join(docs, page), "utf8");
  const folder = folderOf();
  const files = new Map<string, string>();
  const shell = await shellIn(folder);
  const changes: (readonly [Fence, string])[] = [];
  for (const fence of fencesOf(text)) {
    const place = `docs/${page}:${fence.line}`;
    const [first = "", second = ""] = fence.words;
    if (fence.language === "console") {
      const said = commandsOf(fence.text).map(({ command, output }) => ({ command, output, said: shell(command) }));
      for (const one of said)
        if (!update && !tellTheSame(one.output, one.said))
          expect(one.said, `${place}: ${one.command}`).toBe(one.output);
      if (said.some((one) => !tellTheSame(one.output, one.said)))
        changes.push([fence, said.map((one) => `$ ${one.command}\n${one.said}`).join("")]);
    } else if (fence.language === "mtt" && first.endsWith(".mtt")) {
      const whole = second === "more" ? `${files.get(first)}\n${fence.text}` : fence.text;
      files.set(first, whole);
      writeFileSync(join(folder, first), whole);
      expect(["", "more", "wrong"], place).toContain(second);
      if (second !== "wrong") expect(saidOf(first, files), place).toBe("");
    } else if (fence.language === "mtt") {
      const sources = new Map([["main.mtt", fence.text]]);
      if (first !== "right") expect([first, ...codesOf("main.mtt", sources)], place).toEqual(["wrong", second]);
      else {
        expect(saidOf("main.mtt", sources), place).toBe("");
        if (!/^assert/m.test(fence.text)) continue;
        writeFileSync(join(folder, "right.mtt"), fence.text);
        expect(shell('npx mtt run right.mtt --quiet; echo "exit code $?"'), place).toMatch(/^exit code 0$/m);
      }
    } else if (first !== "") {
      files.set(first, fence.text);
      writeFileSync(join(folder, first), fence.text);
    }
  }
  if (changes.length === 0) return;
  expect(process.env.CI, "goldens are not updated where CI is set").toBeUndefined();
  writeFileSync(
    join(docs, page),
    changes.reduceRight(
      (all, [{ start, text: old }, next]) => all.slice(0, start) + next + all.slice(start + old.length),
      text,
    ),
  );
}

const compiled = (entry: string, sources: ReadonlyMap<string, string>) => compile(entry, sources).diagnostics;

const saidOf = (entry: string, sources: ReadonlyMap<string, string>): string => {
  const said = compiled(entry, sources);
  return said.length === 0 ? "" : render(said, sources, "human");
};

const codesOf = (entry: string, sources: ReadonlyMap<string, string>): readonly string[] => [
  ...new Set(compiled(entry, sources).map(({ code }) => code)),
];
