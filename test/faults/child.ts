/** The command line on a disk that fails: `MTT_FAULT` holds `{ store, log, fault }` as JSON. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem";
import * as NodeRuntime from "@effect/platform-node/NodeRuntime";
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { program } from "../../src/cli/program.ts";
import { type Fault, faulty, type Refusal } from "./seam.ts";

const { store, log, fault }: { store: string; log: string; fault?: Fault | Refusal } = JSON.parse(
  process.env.MTT_FAULT ?? "{}",
);

NodeRuntime.runMain(
  program.pipe(
    Effect.provide(
      Layer.merge(NodeServices.layer, faulty(store, fault, log).pipe(Layer.provide(NodeFileSystem.layer))),
    ),
  ),
  { disableErrorReporting: true },
);
