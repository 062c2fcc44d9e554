/** `npm run playground -- OUT_DIR`: the playground as static files, which a page anywhere may link to. */
import { copyFileSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Bundles the page's script, all of it in one file, and puts the page beside it. The inputs are what it was made of. */
export const buildPlayground = async (outdir: string): Promise<readonly string[]> => {
  mkdirSync(outdir, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { playground: "playground/main.ts" },
    outdir,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    metafile: true,
    loader: { ".mtt": "text" },
    logLevel: "warning",
  });
  for (const file of ["index.html", "playground.css"]) copyFileSync(join(root, "playground", file), join(outdir, file));
  return Object.keys(metafile.inputs);
};

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outdir = resolve(process.argv[2] ?? join(root, "site", "playground"));
  await buildPlayground(outdir);
  console.log(outdir);
}
