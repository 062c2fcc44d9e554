import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { Expression } from "../../src/syntax/ast.ts";
import { parse } from "../../src/syntax/parse.ts";
import { parts } from "../../src/syntax/parts.ts";

const root = resolve(import.meta.dirname, "../..");
const kinds: ReadonlySet<string> = new Set<Expression["kind"]>([
  ...([
    "int",
    "float",
    "size",
    "string",
    "bool",
    "name",
    "list",
    "record",
    "group",
    "unary",
    "binary",
    "pipe",
  ] as const),
  ...(["call", "field", "index", "as", "type", "missing"] as const),
]);

/** Names of declarations, parameters and fields have the shape of an expression's name, and are none. */
const labels: ReadonlySet<string> = new Set(["name", "names", "base", "from"]);

const isNode = (value: unknown): value is Expression =>
  typeof value === "object" && value !== null && "kind" in value && "span" in value && kinds.has(String(value.kind));

/** The nearest expressions below a value, found by looking at all of it; types are not gone into. */
const nearest = (value: unknown, own = true): readonly Expression[] => {
  if (typeof value !== "object" || value === null) return [];
  if (!own && isNode(value)) return [value];
  if (!own && "kind" in value && /^(type|dim)_/.test(String(value.kind))) return [];
  return Object.entries(value).flatMap(([key, item]: [string, unknown]) =>
    labels.has(key) ? [] : nearest(item, false),
  );
};

const all = (value: unknown): readonly Expression[] =>
  nearest(value, false).flatMap((e) => [e, ...nearest(e).flatMap((part) => all(part))]);

describe("the parts of an expression", () => {
  const folders = [
    "pipelines",
    "pipelines/paper",
    "stdlib",
    "test/suite/valid",
    "test/suite/wrong",
    "test/syntax/golden",
  ];
  const texts = folders.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((name) => name.endsWith(".mtt"))
      .map((name) => readFileSync(join(root, folder, name), "utf8")),
  );
  it("are all that stand in it, whatever programs hold", () => {
    const found = [...texts, "let x = sizes[n + 1] as f32[2]\n"].flatMap((text) =>
      all(parse("p.mtt", text).file.declarations),
    );
    for (const e of found) expect(new Set(parts(e))).toEqual(new Set(nearest(e)));
    // Every kind was met.
    expect(new Set(found.map(({ kind }) => kind))).toEqual(kinds);
  });
});
