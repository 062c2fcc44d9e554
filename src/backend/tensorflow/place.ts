import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The library and the addon that are built against each other, and known to agree. */
export const TENSORFLOW = "2.21.0";
export const TFJS = "4.22.0";

export type TfDevice = "cpu" | "cuda";

/** Names of the files in the folder of an installation. */
export const ADDON = "tfjs_binding.node";
export const LIBRARIES = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"] as const;

/** The user's cache, which projects share: MTT_CACHE, else mtt's folder where the system keeps caches. */
export const cacheFolder = (): string => {
  const own = process.env.MTT_CACHE;
  if (own !== undefined && own !== "") return own;
  const system = process.env.XDG_CACHE_HOME;
  return join(system !== undefined && system !== "" ? system : join(homedir(), ".cache"), "mtt");
};

/** Where an installation for a device lies, whole or not at all. */
export const placeOf = (device: TfDevice): string =>
  join(cacheFolder(), "tensorflow", `${TENSORFLOW}-${TFJS}-${device}-${process.platform}-${process.arch}`);

/** The folder that has a device: CUDA's library computes on the CPU too. */
export const installedFor = (device: TfDevice): string | undefined => {
  const devices: readonly TfDevice[] = device === "cpu" ? ["cpu", "cuda"] : ["cuda"];
  return devices.map(placeOf).find((folder) => existsSync(join(folder, ADDON)));
};
