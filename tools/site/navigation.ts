import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { DefaultTheme } from "vitepress";

type Item = DefaultTheme.SidebarItem;

export const docs = resolve(import.meta.dirname, "../../docs");

const linkOf = (file: string): string => `/${file.replace(/\.md$/, "").replace(/(^|\/)README$/, "$1")}`;

/** What a folder's README lists, in its order: `1. [Title](file.md)`, `## [Title](file.md)`. */
const listed = (folder: string): Item[] =>
  [...readFileSync(join(docs, folder, "README.md"), "utf8").matchAll(/^(?:\d+\.|##) \[(.*?)\]\((\S+\.md)\)/gm)].map(
    ([, text = "", file = ""]) => ({ text, link: linkOf(`${folder}/${file}`) }),
  );

const chapter = (text: string, folder: string): Item => ({
  text,
  link: linkOf(`${folder}/README.md`),
  items: listed(folder),
});

const titleOf = (file: string): string => /^# (.*)$/m.exec(readFileSync(join(docs, file), "utf8"))?.[1] ?? file;

/** Pages that stand for themselves, by their titles. */
const single = readdirSync(docs)
  .filter((file) => file.endsWith(".md") && !["README.md", "cli.md", "diagnostics.md"].includes(file))
  .sort()
  .map((file): Item => ({ text: titleOf(file), link: linkOf(file) }));

export const sidebar: Item[] = [
  chapter("Guide", "guide"),
  chapter("Language", "language"),
  chapter("Library", "stdlib"),
  {
    text: "Reference",
    items: [
      { text: "Command line", link: "/cli" },
      { text: "mtt in scripts", link: "/api/" },
      { text: "Diagnostics", link: "/diagnostics" },
    ],
  },
  {
    text: "More",
    items: [...single, { text: "The grammar as pictures", link: "/railroad.html", target: "_self" }],
  },
];

export const nav = [
  { text: "Guide", link: "/guide/" },
  { text: "Language", link: "/language/" },
  { text: "Library", link: "/stdlib/" },
  { text: "Command line", link: "/cli" },
  { text: "Scripts", link: "/api/" },
  { text: "Diagnostics", link: "/diagnostics" },
  { text: "Playground", link: "/playground/", target: "_self" },
];
