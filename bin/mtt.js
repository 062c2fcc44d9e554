#!/usr/bin/env node
// Starts the bundled program on a Node new enough: the system's may be older than the one in node_modules.
import { spawn } from "node:child_process";
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
  const child = spawn(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  // Ctrl-C on a terminal reaches both processes; the other signals, and those sent to this one alone, are passed on.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (status, signal) => {
    if (signal === null) process.exit(status ?? 3);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
} else if (existsSync(bundle)) {
  // Started by the above: without its starter, even one that was killed, the program has no reason to go on.
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
  process.channel?.unref();
  module.enableCompileCache?.();
  await import(bundle.href);
} else {
  console.error("mtt: dist/ is not built; run `npm install`, or `npm run build` in a checkout");
  process.exit(2);
}
