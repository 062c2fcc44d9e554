import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";

const root = resolve(import.meta.dirname, "../..");

const textsIn = (folder: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((file) => statSync(join(folder, file)).isFile())
      .sort()
      .map((file) => [file, readFileSync(join(folder, file), "utf8")]),
  );

it("the generator, a workspace of its own, has no type errors", () => {
  const { status, stdout } = spawnSync(
    process.execPath,
    ["node_modules/typescript/bin/tsc", "--noEmit", "-p", "tools/api-reference"],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  expect([status, stdout]).toEqual([0, ""]);
});

it("docs/api is what `npm run reference` makes of the sources", () => {
  const folder = mkdtempSync(join(tmpdir(), "mtt-api-"));
  try {
    const args = ["--import", "tsx", "tools/api-reference/generate.ts", folder];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
    expect(textsIn(join(root, "docs/api"))).toEqual(textsIn(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
