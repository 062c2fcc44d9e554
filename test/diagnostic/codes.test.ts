import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { codes } from "../../src/diagnostic/codes.ts";

const src = resolve(import.meta.dirname, "../../src");
const used = new Set(
  readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== join("diagnostic", "codes.ts"))
    .flatMap((file) => readFileSync(join(src, file), "utf8").match(/MTT[1-5]\d{3}\b/g) ?? []),
);

describe("the table of codes", () => {
  it("has a title for every code that src names", () => {
    expect([...used].filter((code) => !Object.hasOwn(codes, code))).toEqual([]);
  });
  it("has no syntax code that nothing raises", () => {
    expect(Object.keys(codes).filter((code) => code.startsWith("MTT1") && !used.has(code))).toEqual([]);
  });
  it("is in order", () => {
    expect(Object.keys(codes)).toEqual(Object.keys(codes).sort());
  });
});
