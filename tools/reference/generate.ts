/** `npm run generate`: docs/stdlib, docs/cli.md, docs/diagnostics.md and the fields in docs/language, from the library, the checker's tables, and the commands. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { commandReference } from "./commands.ts";
import { diagnosticsReference } from "./diagnostics.ts";
import { languageReference, stepsPage } from "./language.ts";
import { libraryReference } from "./library.ts";

const docs = resolve(import.meta.dirname, "../../docs");

mkdirSync(join(docs, "stdlib"), { recursive: true });
const pages = libraryReference();
for (const file of readdirSync(join(docs, "stdlib"))) if (!pages.has(file)) rmSync(join(docs, "stdlib", file));
for (const [file, text] of pages) writeFileSync(join(docs, "stdlib", file), text);
writeFileSync(join(docs, "cli.md"), await commandReference());
writeFileSync(join(docs, stepsPage), languageReference(docs));
writeFileSync(join(docs, "diagnostics.md"), diagnosticsReference());
