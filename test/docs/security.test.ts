import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { TEXT_LIMITS } from "../../src/cli/read-text.ts";
import { LIMITS } from "../../src/data/limits.ts";
import { RECORD_LIMIT } from "../../src/store/read-text.ts";
import { HEADER_LIMIT } from "../../src/store/safetensors.ts";

const page = readFileSync(join(resolve(import.meta.dirname, "../.."), "docs/security.md"), "utf8");

describe("docs/security.md", () => {
  it("has the limits that the readers have", () => {
    const said = Object.fromEntries(
      [...page.matchAll(/^\| `([\w ]+)` \| (\d+) \|/gm)].map(([, name, value]) => [name, Number(value)]),
    );
    expect(said).toEqual({
      ...LIMITS,
      "safetensors header": HEADER_LIMIT,
      record: RECORD_LIMIT,
      ...TEXT_LIMITS,
    });
  });
});
