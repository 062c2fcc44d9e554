/** `npm run generate`: docs/stdlib and docs/cli.md, from the library, the tables of what is built in, and the commands. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { commandReference } from "./commands.ts";
import { libraryReference } from "./library.ts";

const docs = resolve(import.meta.dirname, "../../docs");

mkdirSync(join(docs, "stdlib"), { recursive: true });
const pages = libraryReference();
for (const file of readdirSync(join(docs, "stdlib"))) if (!pages.has(file)) rmSync(join(docs, "stdlib", file));
for (const [file, text] of pages) writeFileSync(join(docs, "stdlib", file), text);
writeFileSync(join(docs, "cli.md"), await commandReference());
