import * as Effect from "effect/Effect";
import { Path } from "effect/Path";
import { selectBackend } from "../backend/available.ts";
import { hostConfig } from "../data/config.ts";
import type { Setting } from "../execute/setting.ts";
import type { Config } from "./config.ts";

/** What a run of the file computes with on this machine. The program's own paths start in its folder. */
export const settingOf = Effect.fnUntraced(function* (config: Config, file: string) {
  const path = yield* Path;
  const backend = yield* selectBackend(config.backend, config.device);
  const setting: Setting = {
    backend,
    data: hostConfig(path.dirname(file), undefined, config.data),
    ...(config.memory === undefined ? {} : { memory: config.memory }),
    program: path.basename(file, path.extname(file)),
    reports: path.join(config.store, "reports"),
  };
  return setting;
});
