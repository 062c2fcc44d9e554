import { resolve } from "node:path";
import { defineConfig } from "vitepress";
import grammar from "../../editors/vscode/syntaxes/mtt.tmLanguage.json" with { type: "json" };
import { fences, links, pageOf, tables } from "./markdown.ts";
import { docs, nav, sidebar } from "./navigation.ts";

const root = resolve(import.meta.dirname, "../..");
/** Where on its host the site will stand. */
const base = process.env.MTT_SITE_BASE ?? "/";

/** The site of docs/: no page asks another host for anything. */
export default defineConfig({
  title: "mtt",
  description: "A declarative language for machine-learning experiments you can ask why",
  lang: "en",
  srcDir: docs,
  outDir: process.env.MTT_SITE ?? resolve(root, "site"),
  cacheDir: resolve(root, "node_modules/.cache/vitepress"),
  base,
  cleanUrls: false,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `${base}favicon.svg` }]],
  rewrites: pageOf,
  transformPageData: ({ relativePath }) =>
    relativePath === "index.md" ? { title: "mtt", frontmatter: { aside: false, prev: false, next: false } } : undefined,
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    languages: [{ ...grammar, name: "mtt" }],
    languageAlias: { console: "shellsession" },
    config: (md) => {
      fences(md);
      tables(md);
      links(md);
    },
  },
  themeConfig: {
    nav,
    sidebar,
    outline: { level: [2, 3] },
    search: {
      provider: "local",
      // A code is looked for as it is; a page's title counts most.
      options: {
        miniSearch: {
          searchOptions: {
            fuzzy: (term: string) => (/\d/.test(term) ? false : 0.2),
            prefix: true,
            boost: { title: 10, text: 2, titles: 1 },
          },
        },
      },
    },
    externalLinkIcon: false,
  },
  vite: { publicDir: resolve(import.meta.dirname, "public"), logLevel: "warn" },
});
