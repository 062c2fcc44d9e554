import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DiagnosticSeverity } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { compile } from "../../src/compile.ts";
import { folderOf, removeFolders } from "../cli/mtt.ts";
import { Client, type Edit } from "./client.ts";

afterAll(removeFolders);

const root = resolve(import.meta.dirname, "../..");
const EDITS = 500;

/** Numbers from 0 to 1 by a linear congruence: the same session every time. */
const random = (seed: number) => () => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return seed / 2 ** 32;
};

const layers = `/// Two layers that the other file imports.
export_me = 1
block pair(x: f32[...s, a], size: int) -> f32[...s, size] = x |> dense(size) |> relu
`.replace("export_me = 1\n", "");

const pieces = [
  ...' \n\t(){}[],:|>=.+-*/"0123456789aeéλ😀_',
  "|> dense(10)",
  "param epochs: int = 3\n",
  "let x = digits.train |> take(5)\n",
  "block b(x: f32[n]) -> f32[n] = x\n",
  "// a comment\n",
  '"a string',
  "f32[28, 28, 1]",
  "train again = classifier with { seed: 2 }\n",
  'import { pair } from "layers"\n',
  "pair(32)",
];

/** What a fresh check of both texts says of one of them. */
const fresh = (folder: string, name: string, texts: Readonly<Record<string, string>>) => {
  const sources = new Map(Object.entries(texts).map(([one, text]) => [join(folder, one), text]));
  const document = TextDocument.create(name, "mtt", 1, texts[name]!);
  return compile(join(folder, name), sources)
    .diagnostics.filter(({ span }) => span.file === join(folder, name))
    .map(({ code, severity, span, message }) => ({
      code,
      severity: {
        error: DiagnosticSeverity.Error,
        warning: DiagnosticSeverity.Warning,
        info: DiagnosticSeverity.Information,
      }[severity],
      range: { start: document.positionAt(span.start), end: document.positionAt(Math.max(span.start, span.end)) },
      message,
    }));
};

describe("a session of edits", () => {
  it(`says after each of ${EDITS} edits what a fresh check says`, async () => {
    const texts: Record<string, string> = {
      "main.mtt": `import { pair } from "layers"\n${readFileSync(join(root, "pipelines/mnist.mtt"), "utf8")}`,
      "layers.mtt": layers,
    };
    const folder = folderOf(texts);
    const client = await Client.start(folder);
    await client.open("main.mtt", texts["main.mtt"]!);
    await client.open("layers.mtt", texts["layers.mtt"]!);
    const next = random(7);
    const below = (n: number) => Math.floor(next() * n);
    const past: { name: string; text: string }[] = [];
    let wrong = 0;
    for (let i = 0; i < EDITS; i++) {
      const name = next() < 0.8 ? "main.mtt" : "layers.mtt";
      const text = client.text(name);
      const undo = past.length > 0 && next() < 0.3 ? past.pop() : undefined;
      if (undo !== undefined) {
        const before = client.text(undo.name);
        await client.edit(undo.name, { start: 0, end: before.length, text: undo.text });
      } else {
        past.push({ name, text });
        // Places between the halves of a surrogate pair are no places of the protocol.
        const place = () => {
          const at = below(text.length + 1);
          return /[\udc00-\udfff]/.test(text[at] ?? "") ? at - 1 : at;
        };
        const [a, b] = [place(), place()];
        const start = Math.min(a, b);
        const kind = next();
        const end =
          kind < 0.5 ? start : kind < 0.9 ? Math.min(Math.max(a, b), start + 2) : Math.min(Math.max(a, b), start + 80);
        const whole = /[\udc00-\udfff]/.test(text[end] ?? "") ? end - 1 : end;
        const edit: Edit = {
          start,
          end: Math.max(start, whole),
          text: kind < 0.7 ? pieces[below(pieces.length)]! : "",
        };
        await client.edit(name, edit);
      }
      await client.diagnostics(undo?.name ?? name);
      await client.settled();
      const now = { "main.mtt": client.text("main.mtt"), "layers.mtt": client.text("layers.mtt") };
      for (const one of ["main.mtt", "layers.mtt"] as const) {
        const expected = fresh(folder, one, now);
        wrong += expected.length;
        const said = client.said(one);
        expect(
          said.map(({ code, severity, range, message }) => ({
            code,
            severity,
            range,
            message: String(message).split("\n")[0],
          })),
          `${one} after edit ${i}`,
        ).toEqual(expected.map((each) => ({ ...each, message: each.message.split("\n")[0] })));
      }
    }
    // A session in which nothing is ever wrong would show nothing.
    expect(wrong).toBeGreaterThan(EDITS);
    expect(await client.stop()).toBe(0);
    expect(client.stderr()).toBe("");
  }, 240_000);
});
