import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { layerHttp } from "../data/http.ts";
import { dryRun } from "../execute/dry-run.ts";
import { layerFileSystem } from "../store/file-system.ts";
import type { Ready } from "./compiled.ts";
import { runFailed } from "./run-failed.ts";
import { settingOf } from "./setting.ts";

/** What a run of the file would do, as `mtt plan` and `mtt explain` show it. `use` sees the store too. */
export const forecast = Effect.fnUntraced(function* (
  file: string,
  { config, plan }: Ready,
  targets: readonly string[],
) {
  return yield* Effect.gen(function* () {
    const setting = yield* settingOf(config, file);
    return yield* dryRun(plan, targets, setting);
  }).pipe(
    Effect.provide(Layer.merge(layerFileSystem(config.store), layerHttp)),
    Effect.catchTag("StoreError", runFailed),
    Effect.catchTag("BackendError", (error) =>
      runFailed({ code: "MTT5301", message: error.message, help: error.help }),
    ),
  );
});
