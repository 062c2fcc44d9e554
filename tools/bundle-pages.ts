import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// `npm run generate`: the pages of docs/diagnostics as a module, so that `mtt explain MTT3004` needs no file beside the program.

const folder = new URL("../docs/diagnostics/", import.meta.url);

/** The generated module's text for the pages as they stand. */
export const bundlePages = (): string => {
  const names = readdirSync(folder)
    .filter((name) => name.endsWith(".md"))
    .sort();
  const entries = names.map((name) => {
    const text = readFileSync(new URL(name, folder), "utf8").replaceAll("\r\n", "\n");
    return `  [${JSON.stringify(name.replace(/\.md$/, ""))}, ${JSON.stringify(text)}],\n`;
  });
  return `// Made by tools/bundle-pages.ts from docs/diagnostics/: do not edit.\nexport const pages: ReadonlyMap<string, string> = new Map([\n${entries.join("")}]);\n`;
};

export const pagesFile = new URL("../src/generated/pages.ts", import.meta.url);

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(pagesFile, bundlePages());
