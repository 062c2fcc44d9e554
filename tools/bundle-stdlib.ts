import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// `npm run generate`: the texts of stdlib/*.mtt as a module, so that the compiler needs no file system.

const root = new URL("..", import.meta.url);

/** The generated module's text for the library as it stands. */
export const bundle = (): string => {
  const folder = new URL("stdlib/", root);
  const names = readdirSync(folder)
    .filter((name) => /^\w+\.mtt$/.test(name))
    .sort();
  const entries = names.map((name) => {
    const text = readFileSync(new URL(name, folder), "utf8").replaceAll("\r\n", "\n");
    return `  [${JSON.stringify(`std/${name}`)}, ${JSON.stringify(text)}],\n`;
  });
  return `// Made by tools/bundle-stdlib.ts from stdlib/: do not edit.\nexport const stdlib: ReadonlyMap<string, string> = new Map([\n${entries.join("")}]);\n`;
};

export const bundleFile = new URL("src/generated/stdlib.ts", root);

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(bundleFile, bundle());
