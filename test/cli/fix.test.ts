import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mtt } from "./mtt.ts";

describe("mtt check --fix", () => {
  it("mends the file and what it imports, says which, and leaves the rest", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "mtt-fix-"));
    mkdirSync(join(cwd, "lib"));
    writeFileSync(
      join(cwd, "a.mtt"),
      'import { width, hight } from "lib/b"\nlet a = widht + height\nlet b = nothing\n',
    );
    writeFileSync(join(cwd, "lib/b.mtt"), "let width = 1;\nlet height = 2\n");
    const first = await mtt(["check", "a.mtt", "--format", "json"], { cwd });
    expect(first.code).toBe(1);
    const told = first.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(told.filter(({ fixes }) => fixes.some(({ safe }: { safe: boolean }) => safe))).toHaveLength(3);
    const result = await mtt(["check", "--fix", "a.mtt", "--format", "short"], { cwd });
    expect(result).toMatchObject({ code: 1, stderr: "mended: a.mtt, lib/b.mtt\n" });
    expect(result.stdout).toBe("a.mtt:3:9: error[MTT2001]: there is no `nothing`\n");
    expect(readFileSync(join(cwd, "a.mtt"), "utf8")).toBe(
      'import { width, height } from "lib/b"\nlet a = width + height\nlet b = nothing\n',
    );
    expect(readFileSync(join(cwd, "lib/b.mtt"), "utf8")).toBe("let width = 1\nlet height = 2\n");
    const again = await mtt(["check", "--fix", "a.mtt"], { cwd });
    expect(again).toMatchObject({ code: 1, stderr: "" });
  });
});
