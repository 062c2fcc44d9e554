import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { freemem } from "node:os";
import { dirname, join, resolve } from "node:path";
import * as Effect from "effect/Effect";
import { type Availability, available } from "../backend/available.ts";
import { command } from "../backend/tensorflow/install/command.ts";
import { howToInstall, installedFor } from "../backend/tensorflow/place.ts";
import { cacheFolder, givenPlaces, hostConfig } from "../data/config.ts";
import { showBytes } from "../shape/tensor.ts";
import { layerFileSystem } from "../store/file-system.ts";
import { Store, type StoreError } from "../store/store.ts";
import type { Config } from "./config.ts";
import { environmentOf } from "./environment.ts";

/** One thing that was looked at. `wrong`: no run can work; `note`: something does not, and runs do without. */
export interface Finding {
  readonly name: string;
  readonly status: "ok" | "note" | "wrong";
  readonly says: string;
  readonly help?: string;
}

/** What works on this machine for a project with these settings, and what to do about the rest. */
export const examine = Effect.fnUntraced(function* (config: Config) {
  const backends = yield* available;
  return [
    machine(),
    memory(),
    ...engines(backends),
    yield* compiler,
    yield* graphics,
    ...data(config),
    yield* store(config),
    yield* disk(config),
  ];
});

const machine = (): Finding => {
  const { mtt, node, system, processor } = environmentOf({ identity: "" });
  // bin/mtt.js starts nothing on a Node that is too old.
  return { name: "node", status: "ok", says: `${node} on ${system}, mtt ${mtt}; ${processor}` };
};

const GIB = 2 ** 30;

const memory = (): Finding => {
  const free = freemem();
  return free > GIB
    ? { name: "memory", status: "ok", says: `${showBytes(free)} free` }
    : {
        name: "memory",
        status: "note",
        says: `${showBytes(free)} free`,
        help: "end what is not needed, or bound a run: --memory 256MiB",
      };
};

/** The one that a run takes by itself must compute; all others are more. */
const engines = (backends: readonly Availability[]): readonly Finding[] => {
  const works = backends.some(({ name, device, ok }) => ok && device === "cpu" && name !== "reference");
  return backends.map(({ name, device, ok, why }): Finding => {
    const title = `${name} ${device}`;
    if (ok) return { name: title, status: "ok", says: why };
    const help = remedy(name, device);
    const needed = !works && name === "onnx" && device === "cpu";
    return { name: title, status: needed ? "wrong" : "note", says: `not here: ${why.replace(`: ${help}`, "")}`, help };
  });
};

const remedy = (name: Availability["name"], device: string): string => {
  if (name === "tensorflow") return howToInstall(device === "cuda" ? "cuda" : "cpu");
  if (device === "webgpu") return "install the GPU's Vulkan driver; without one, `--device cpu` computes everywhere";
  if (device === "cuda")
    return "install NVIDIA's driver, CUDA 12 and cuDNN 9; without them, `--device cpu` computes everywhere";
  return "npm install brings it anew";
};

/** Only the installation of TensorFlow compiles something. */
const compiler = Effect.gen(function* (): Effect.fn.Return<Finding> {
  const name = "compiler";
  for (const one of process.env.CXX ? [process.env.CXX] : ["g++", "clang++", "c++"]) {
    const { code, output } = yield* command(one, ["--version"], { environment: process.env });
    if (code === 0) return { name, status: "ok", says: output.split("\n")[0]! };
  }
  if (installedFor("cpu") !== undefined)
    return { name, status: "ok", says: "no C++ compiler, and nothing needs one: TensorFlow is installed" };
  return {
    name,
    status: "note",
    says: "no C++ compiler, which installing TensorFlow needs",
    help: "install g++ or clang++, or name one in CXX",
  };
});

const graphics = Effect.gen(function* () {
  const query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"];
  const { code, output } = yield* command("nvidia-smi", query, { environment: process.env });
  const found: Finding =
    code === 0
      ? { name: "gpu", status: "ok", says: output.trim().split("\n").join("; ") }
      : {
          name: "gpu",
          status: "note",
          says: code === "missing" ? "no NVIDIA driver: nvidia-smi is not here" : "NVIDIA's driver finds no GPU",
          help: "runs compute on the processor; a GPU is asked for with --device webgpu or --device cuda",
        };
  return found;
});

/** Data sets that mtt knows by name, by a file that each has. */
const known = { mnist: /^train-images.idx3-ubyte(\.gz)?$/, cifar10: /^(cifar-10.*|data_batch_1(\.bin)?)$/ } as const;

const data = (config: Config): readonly Finding[] => {
  const host = hostConfig(".", undefined, config.data);
  const given = givenPlaces(host).map(({ name, folder }): Finding => {
    if (!existsSync(folder))
      return {
        name: "data",
        status: "note",
        says: `${name} names ${folder}, which is not there`,
        help: "correct it, or make the folder",
      };
    return { name: "data", status: "ok", says: `${name}: ${folder} has ${held(folder)}` };
  });
  const cached = Object.keys(known).filter((name) => setsIn(cacheFolder(host, name)).includes(name));
  const cache: Finding = {
    name: "data",
    status: "ok",
    says:
      cached.length === 0
        ? "no data set is in the cache: mnist() and cifar10() look into --data and MTT_DATA, then download"
        : `${cached.join(", ")} in the cache, ${dirname(cacheFolder(host, cached[0]!))}`,
  };
  return [...given, cache];
};

const held = (folder: string): string => setsIn(folder).join(", ") || "none of mnist and cifar10";

/** The data sets whose files lie in the folder, or in one in it. */
const setsIn = (folder: string): readonly string[] => {
  if (!existsSync(folder)) return [];
  const files = [folder, ...readdirSync(folder).map((name) => join(folder, name))].flatMap((one) => {
    try {
      return statSync(one).isDirectory() ? readdirSync(one) : [];
    } catch {
      return [];
    }
  });
  return Object.entries(known).flatMap(([name, pattern]) => (files.some((file) => pattern.test(file)) ? [name] : []));
};

/** The folder, or the nearest one above it that is there. */
const nearest = (folder: string): string => {
  let at = resolve(folder);
  while (!existsSync(at) && dirname(at) !== at) at = dirname(at);
  return at;
};

const store = (config: Config) =>
  Effect.gen(function* (): Effect.fn.Return<Finding, StoreError, Store> {
    const name = "store";
    const at = nearest(config.store);
    try {
      accessSync(at, constants.W_OK | constants.X_OK);
    } catch {
      const help = "make it yours, or choose another: --store DIR";
      return { name, status: "wrong", says: `${config.store} cannot be written to`, help };
    }
    if (at !== resolve(config.store)) return { name, status: "ok", says: `${config.store} is made by the first run` };
    const entries = yield* Effect.flatMap(Store, ({ list }) => list);
    const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
    return { name, status: "ok", says: `${config.store}: ${entries.length} results, ${showBytes(bytes)}` };
  }).pipe(
    Effect.provide(layerFileSystem(config.store)),
    Effect.catchTag("StoreError", ({ message, help }) =>
      Effect.succeed<Finding>({ name: "store", status: "wrong", says: message, help }),
    ),
  );

/** Less is not enough for a training's checkpoints. */
const SCARCE = GIB;
const FULL = 32 * 2 ** 20;

const disk = (config: Config): Effect.Effect<Finding> =>
  Effect.promise(() => statfs(nearest(config.store))).pipe(
    Effect.map(({ bavail, bsize }): Finding => {
      const free = bavail * bsize;
      const says = `${showBytes(free)} free for ${config.store}`;
      if (free > SCARCE) return { name: "disk", status: "ok", says };
      const help = "`mtt cache gc --max-size 1GiB` makes room in a store; --store DIR names one elsewhere";
      return { name: "disk", status: free > FULL ? "note" : "wrong", says, help };
    }),
  );
