import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { expect, it } from "vitest";
import { docs } from "./pages.ts";

const root = resolve(import.meta.dirname, "../..");
const text = readFileSync(join(docs, "extending.md"), "utf8");

/** Folders of the project that the page may lead to, and what of a name stands for another: K, NAME and CODE. */
const rooms = "src|test|tools|docs|stdlib|playground|templates|pipelines|grammar|bench|editors";
const stands = /\/(K|NAME|CODE)\./;

it("docs/extending.md names files and folders that are there", () => {
  const named = [...text.matchAll(new RegExp(`(?<![\\w/.-])(?:${rooms})/[\\w./-]*\\w/?`, "g"))].map(([path]) => path);
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter((path) => !stands.test(path) && !existsSync(join(root, path)))).toEqual([]);
});

it("docs/extending.md names a file without its folder only where a path to it stands too", () => {
  const inRoot = readdirSync(root);
  const paths = new Set([...text.matchAll(/[\w./-]+\/[\w.-]+/g)].map(([path]) => basename(path)));
  const bare = [...text.matchAll(/`([\w-]+\.(?:ts|md|mtt|json|yaml))`/g)].map(([, name]) => name!);
  const made = ["CODE.mtt", ...inRoot];
  expect(bare.filter((name) => !paths.has(name) && !made.includes(name))).toEqual([]);
});

it("docs/extending.md names commands of package.json", () => {
  const { scripts }: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  const named = [...text.matchAll(/`npm run ([\w:-]+)/g)].map(([, name]) => name!);
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});
