import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// `npm run generate`: the projects of templates/ as a module, so that `mtt init` needs no file beside the program.

const folder = new URL("../templates/", import.meta.url);

/** A file that git would heed in this repository lies under another name. */
const named = (file: string): string => (file === "gitignore" ? ".gitignore" : file);

/** The generated module's text for the templates as they stand. */
export const bundleTemplates = (): string => {
  const entries = readdirSync(folder)
    .sort()
    .map((name) => {
      const files = readdirSync(new URL(`${name}/`, folder))
        .sort()
        .map((file) => {
          const text = readFileSync(new URL(`${name}/${file}`, folder), "utf8").replaceAll("\r\n", "\n");
          return `    [${JSON.stringify(named(file))}, ${JSON.stringify(text)}],\n`;
        });
      return `  ${name}: new Map([\n${files.join("")}  ]),\n`;
    });
  return `// Made by tools/bundle-templates.ts from templates/: do not edit.\nexport const templates = {\n${entries.join("")}} as const satisfies Readonly<Record<string, ReadonlyMap<string, string>>>;\n`;
};

export const templatesFile = new URL("../src/generated/templates.ts", import.meta.url);

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(templatesFile, bundleTemplates());
