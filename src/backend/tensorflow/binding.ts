import { createRequire } from "node:module";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import * as Schema from "effect/Schema";
import { ADDON, QUIET, type TfDevice } from "./place.ts";

/** Arrays as the addon has them. */
export type Raw = Float32Array | Int32Array | Uint8Array;

/** What is used of the addon of @tensorflow/tfjs-node-gpu. Tensors and sessions are numbers, which live until they are deleted. */
export interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  readonly TF_Version: string;
  readonly createTensor: (shape: readonly number[], type: number, data: Raw) => number;
  readonly deleteTensor: (id: number) => void;
  readonly tensorDataSync: (id: number) => Raw;
  readonly loadSavedModel: (folder: string, tags: string) => number;
  readonly deleteSavedModel: (id: number) => void;
  /** Feeds by name and fetches by name; the names are joined by commas. */
  readonly runSavedModel: (
    id: number,
    tensors: readonly number[],
    feeds: string,
    fetches: string,
  ) => readonly { readonly id: number }[];
  /**
   * The same in one of so many lanes, which are threads beside this one (the first call of a process says how many) to which all its operations keep; from
   * arrays and into arrays: types and shapes of the feeds, and outputs for the first of the fetches. With `turns`, f32 answers are added to the outputs, in
   * the order of the turns, which count from 0. Absent in an installation of an earlier version.
   */
  readonly runBeside?: (
    id: number,
    feeds: string,
    types: readonly number[],
    shapes: readonly (readonly number[])[],
    arrays: readonly Raw[],
    fetches: string,
    outputs: readonly (Raw | Float64Array)[],
    lanes: number,
    ...inTurn: readonly [] | readonly [turns: object, turn: number]
  ) => Promise<void>;
  /** What runs share that are added up. An installation of an earlier version may have `runBeside` without it. */
  readonly turns?: () => object;
  /** Waits for the runs in the lanes, and begins no more: before the process ends. */
  readonly endLanes?: () => void;
  readonly isUsingGpuDevice: () => boolean;
  readonly getNumOfTensors: () => number;
  readonly getNumOfSavedModels: () => number;
}

const isFunction = (value: unknown): value is (...args: readonly never[]) => unknown => typeof value === "function";
const Callable = Schema.declare(isFunction);
const isBinding = Schema.is(
  Schema.Struct({
    TF_FLOAT: Schema.Number,
    TF_INT32: Schema.Number,
    TF_BOOL: Schema.Number,
    TF_Version: Schema.String,
    createTensor: Callable,
    deleteTensor: Callable,
    tensorDataSync: Callable,
    loadSavedModel: Callable,
    deleteSavedModel: Callable,
    runSavedModel: Callable,
    runBeside: Schema.optional(Callable),
    turns: Schema.optional(Callable),
    endLanes: Schema.optional(Callable),
    isUsingGpuDevice: Callable,
    getNumOfTensors: Callable,
    getNumOfSavedModels: Callable,
  }),
);

const isQuiet = Schema.is(Schema.Struct({ spread: Schema.declare((value): value is () => void => isFunction(value)) }));

export interface Settings {
  readonly device: TfDevice;
  /** Threads of the engine, which a process sets once; as many as cores where absent. */
  readonly threads?: number;
}

/** Loads the library, once a process. Throws where the addon or what it links to cannot be loaded. */
export function loadBinding(folder: string, { device, threads }: Settings): Binding {
  const env = process.env;
  // Faults come as errors; the library's own lines would tear the progress apart.
  env.TF_CPP_MIN_LOG_LEVEL ??= "3";
  env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  if (device === "cpu") env.CUDA_VISIBLE_DEVICES ??= "-1";
  if (threads !== undefined) {
    env.TF_NUM_INTRAOP_THREADS ??= String(threads);
    env.TF_NUM_INTEROP_THREADS ??= String(threads);
  }
  const require = createRequire(import.meta.url);
  const quiet: unknown = require(join(folder, QUIET));
  const addon: unknown = require(join(folder, ADDON));
  // An installation made by an earlier version has no such function, and computes as it did.
  if (isQuiet(quiet)) quiet.spread();
  if (!isBinding(addon)) throw new Error(`${join(folder, ADDON)} is not the addon that mtt builds`);
  const binding = addon as unknown as Binding;
  if (binding.endLanes !== undefined && isMainThread) process.once("exit", binding.endLanes);
  return binding;
}
