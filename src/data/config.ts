import { homedir } from "node:os";
import { join, resolve } from "node:path";
import * as Effect from "effect/Effect";
import { projectOf, type Reach } from "./reach.ts";

/** What the user should hear of while data is had. `fraction` is absent where the whole is not known. */
export type DataEvent =
  | { readonly kind: "progress"; readonly message: string; readonly fraction?: number }
  | { readonly kind: "warning"; readonly message: string };

/** Where data is looked for. The environment is passed in, so that a test or another host has its own. */
export interface DataConfig {
  /** Relative paths of the program start here. */
  readonly base: string;
  /** Where they may lead. */
  readonly reach: Reach;
  /** `--data`. */
  readonly directory?: string;
  /** MTT_DATA, MTT_MNIST_URL, MTT_CIFAR10_URL, XDG_CACHE_HOME, LOCALAPPDATA, HOME. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly report: (event: DataEvent) => Effect.Effect<void>;
}

export const hostConfig = (
  base: string,
  report: DataConfig["report"] = () => Effect.void,
  directory?: string,
  reach: Reach = { project: projectOf(base), allowed: [] },
): DataConfig => ({
  base,
  reach,
  report,
  ...(directory === undefined ? {} : { directory }),
  environment: process.env,
  platform: process.platform,
});

/** A folder to look into, and how messages call it. */
export interface Place {
  readonly name: string;
  readonly folder: string;
}

/** The user's own folders, in order. */
export const givenPlaces = (config: DataConfig): readonly Place[] => {
  const fromVariable = config.environment.MTT_DATA;
  return [
    ...(config.directory === undefined ? [] : [{ name: "--data", folder: resolve(config.directory) }]),
    ...(fromVariable ? [{ name: "MTT_DATA", folder: resolve(fromVariable) }] : []),
  ];
};

/** The per-user cache of one data set, where downloads are kept. */
export const cacheFolder = ({ environment, platform }: DataConfig, dataset: string): string => {
  const home = environment.HOME ?? environment.USERPROFILE ?? homedir();
  const caches = environment.XDG_CACHE_HOME
    ? environment.XDG_CACHE_HOME
    : platform === "win32"
      ? (environment.LOCALAPPDATA ?? join(home, "AppData", "Local"))
      : platform === "darwin"
        ? join(home, "Library", "Caches")
        : join(home, ".cache");
  return join(caches, "mtt", dataset);
};
