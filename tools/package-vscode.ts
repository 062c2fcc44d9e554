/** Bundles the extension of Visual Studio Code and packs it: editors/vscode/mtt.vsix. */
import { fileURLToPath } from "node:url";
import { createVSIX } from "@vscode/vsce";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../editors/vscode", import.meta.url));

await build({
  absWorkingDir: root,
  entryPoints: ["extension.ts"],
  outfile: "dist/extension.cjs",
  bundle: true,
  format: "cjs",
  platform: "node",
  target: "node20",
  external: ["vscode"],
  minify: true,
});
await createVSIX({
  cwd: root,
  packagePath: `${root}/mtt.vsix`,
  dependencies: false,
  allowMissingRepository: true,
  skipLicense: false,
});
