#!/usr/bin/env node
// Starts the bundled program on a Node new enough: the system's may be older than the one in node_modules.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const bundle = new URL("../dist/mtt.js", import.meta.url);

if (major < 22 || (major === 22 && minor < 19)) {
  const own = ["../node_modules/node/bin/node", "../../node/bin/node"]
    .map((path) => fileURLToPath(new URL(path, import.meta.url)))
    .find(existsSync);
  if (own === undefined) {
    console.error(`mtt: Node ${process.versions.node} is too old; mtt needs 22.19 or newer (npm install brings one)`);
    process.exit(2);
  }
  const { status, signal } = spawnSync(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
  });
  if (signal !== null) process.kill(process.pid, signal);
  process.exit(status ?? 3);
} else if (existsSync(bundle)) {
  module.enableCompileCache?.();
  await import(bundle.href);
} else {
  console.error("mtt: dist/ is not built; run `npm install`, or `npm run build` in a checkout");
  process.exit(2);
}
