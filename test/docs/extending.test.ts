import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, it } from "vitest";
import { docs } from "./pages.ts";

const root = resolve(import.meta.dirname, "../..");

it("docs/extending.md names files and folders that are there", () => {
  const text = readFileSync(join(docs, "extending.md"), "utf8");
  const named = [...text.matchAll(/`((?:src|test|tools|docs|stdlib)\/[\w./-]+)`/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(50);
  // K and CODE stand for a name.
  const files = named.filter((path) => !/\/(K|CODE)\./.test(path));
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
