import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Path } from "effect/Path";
import { selectBackend } from "../backend/available.ts";
import { hostConfig } from "../data/config.ts";
import { layerHttp } from "../data/http.ts";
import type { Diagnostic, Sources } from "../diagnostic/diagnostic.ts";
import type { Events } from "../execute/events.ts";
import type { Setting } from "../execute/setting.ts";
import { layerReports } from "../report/layer.ts";
import { layerFileSystem } from "../store/file-system.ts";
import type { Config } from "./config.ts";
import { environmentOf } from "./environment.ts";

/** What a run of the file computes with on this machine. The program's own paths start in its folder. */
export const settingOf = Effect.fnUntraced(function* (
  config: Config,
  file: string,
  sources: Sources = new Map(),
  diagnostics: readonly Diagnostic[] = [],
) {
  const path = yield* Path;
  const pathOf = (name: string) => path.relative(path.dirname(file), name);
  const backend = yield* selectBackend(config.backend, config.device);
  const setting: Setting = {
    backend,
    data: hostConfig(path.dirname(file), undefined, config.data, config.reach),
    ...(config.memory === undefined ? {} : { memory: config.memory }),
    program: path.basename(file, path.extname(file)),
    reports: path.join(config.store, "reports"),
    about: {
      texts: new Map(
        [...sources].filter(([name]) => !name.startsWith("std/")).map(([name, text]) => [pathOf(name), text] as const),
      ),
      pathOf,
      warnings: diagnostics.filter(({ severity }) => severity === "warning"),
      params: Object.fromEntries(config.settings),
      environment: environmentOf(backend),
    },
  };
  return setting;
});

/** What a run needs beside files: its store, data from outside, reports, and who is told what happens. */
export const servicesOf = <R>(config: Config, events: Layer.Layer<Events, never, R>) =>
  Layer.mergeAll(layerHttp, layerReports, layerFileSystem(config.store), events);
