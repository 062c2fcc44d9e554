import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import { EXIT } from "./exit.ts";
import { program } from "./program.ts";

// Whoever reads has gone (`| head -1`): there is nobody to compute for. What is stored stays.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => process.exit(EXIT.interrupted));

// The first Ctrl-C lets the run say how to go on; who does not want to wait for it presses again.
let signals = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (++signals > 1) process.exit(EXIT.interrupted);
  });
}

NodeRuntime.runMain(program.pipe(Effect.provide(NodeServices.layer)), { disableErrorReporting: true });
