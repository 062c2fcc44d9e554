/** Bundles the command line and the library's doors into dist/: one file loads in a fraction of the time that a thousand modules take. */
import { rmSync } from "node:fs";
import { build } from "esbuild";

rmSync("dist", { recursive: true, force: true });
await build({
  entryPoints: { mtt: "src/cli/main.ts" },
  outdir: "dist",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22",
  chunkNames: "chunks/[name]-[hash]",
  sourcemap: true,
  minifySyntax: true,
  // Native addons and what loads files beside itself stay packages.
  external: ["onnxruntime-node", "@tensorflow/tfjs-node-gpu"],
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  logLevel: "warning",
});
