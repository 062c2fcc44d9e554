import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The library and the addon that are built against each other, and known to agree. */
export const TENSORFLOW = "2.21.0";
export const TFJS = "4.22.0";

export type TfDevice = "cpu" | "cuda";

/** Files of an installation, from its folder. The libraries lie to CUDA's as they do in Python, which is where they look for them. */
export const ADDON = "tfjs_binding.node";
export const QUIET = "quiet.node";
export const LIBRARIES = ["tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2"] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** The user's cache, which projects share. */
export const cacheFolder = ({ XDG_CACHE_HOME, HOME }: Environment): string =>
  join(XDG_CACHE_HOME || join(HOME || homedir(), ".cache"), "mtt", "tensorflow");

/** Where an installation for a device lies, whole or not at all. */
export const placeOf = (device: TfDevice, environment: Environment = process.env): string =>
  join(cacheFolder(environment), `${TENSORFLOW}-${TFJS}-${device}-${process.platform}-${process.arch}`);

/** The folder that computes on a device: CUDA's library computes on the CPU too. */
export const installedFor = (device: TfDevice, environment: Environment = process.env): string | undefined => {
  const devices: readonly TfDevice[] = device === "cpu" ? ["cpu", "cuda"] : ["cuda"];
  return devices.map((one) => placeOf(one, environment)).find((folder) => existsSync(join(folder, ADDON)));
};

export const notInstalled = (device: TfDevice): string =>
  device === "cuda" ? "TensorFlow for CUDA is not installed" : "TensorFlow is not installed";

export const howToInstall = (device: TfDevice): string =>
  `\`npx mtt backend install tensorflow${device === "cuda" ? " --cuda" : ""}\` brings it`;
