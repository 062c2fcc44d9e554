/** `npm run docs`: the site of docs/ with the playground, into site/, or into the folder that MTT_SITE names. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "vitepress";
import { buildPlayground } from "../build-playground.ts";

const root = resolve(import.meta.dirname, "../..");
const out = process.env.MTT_SITE ?? join(root, "site");

await build(import.meta.dirname);
await buildPlayground(join(out, "playground"));
// The grammar's pictures are a page of their own.
const railroad = readFileSync(join(root, "grammar/railroad.html"), "utf8");
const icon = '<link rel="icon" type="image/svg+xml" href="favicon.svg">';
writeFileSync(join(out, "railroad.html"), railroad.replace("</title>", `</title>\n${icon}`));
