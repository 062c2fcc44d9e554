import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { generate } from "../../grammar/generate.ts";

describe("grammar/", () => {
  const generated = generate();
  it.each([...generated.keys()])("%s is what the parser's rules give (npm run generate)", (file) => {
    expect(readFileSync(new URL(`../../grammar/${file}`, import.meta.url), "utf8")).toBe(generated.get(file));
  });
  it("needs nothing from the network", () => {
    expect(generated.get("railroad.html")).not.toMatch(/https?:|<script|<link|@import/);
  });
  it("links only to rules that are there", () => {
    const page = generated.get("railroad.html")!;
    const ids = new Set([...page.matchAll(/id="(\w+)"/g)].map(([, id]) => id));
    const links = [...page.matchAll(/href="#(\w+)"/g)].map(([, id]) => id);
    expect(links.length).toBeGreaterThan(30);
    expect(links.filter((link) => !ids.has(link))).toEqual([]);
  });
});
