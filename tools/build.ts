/** Bundles the command line and the library's doors into dist/: one file loads in a fraction of the time that a thousand modules take. */
import { renameSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

const common: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22",
  sourcemap: true,
  logLevel: "warning",
};

/** The program, whole but for native addons and what loads files beside itself. */
export const bundleProgram = (outdir: string, entry = "src/cli/main.ts"): Promise<unknown> =>
  build({
    ...common,
    entryPoints: { mtt: entry },
    outdir,
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    minifySyntax: true,
    external: ["onnxruntime-node", "@tensorflow/tfjs-node-gpu"],
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
  });

/** The doors share packages with the script that opens them: its Effect is theirs. */
const bundleDoors = (outdir: string): Promise<unknown> =>
  build({
    ...common,
    entryPoints: { index: "./src/index.ts", effect: "./src/effect.ts" },
    outdir,
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    packages: "external",
  });

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Beside its place first: whoever starts meanwhile finds the old one or the new one, and a failed build leaves the old one.
  const next = `${root}/dist.${process.pid}`;
  try {
    await Promise.all([bundleProgram(next), bundleDoors(next)]);
    rmSync(`${root}/dist`, { recursive: true, force: true });
    renameSync(next, `${root}/dist`);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}
