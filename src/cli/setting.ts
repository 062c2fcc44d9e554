import * as Effect from "effect/Effect";
import { selectBackend } from "../backend/available.ts";
import { hostConfig } from "../data/config.ts";
import type { Setting } from "../execute/setting.ts";
import type { Config } from "./config.ts";

/** What a run on this machine computes with. `folder` is the program's: its paths start there. */
export const settingOf = Effect.fnUntraced(function* (config: Config, folder: string) {
  const backend = yield* selectBackend(config.backend, config.device);
  const setting: Setting = {
    backend,
    data: hostConfig(folder, undefined, config.data),
  };
  return setting;
});
