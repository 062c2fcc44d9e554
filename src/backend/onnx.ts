import { createRequire } from "node:module";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Semaphore from "effect/Semaphore";
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { evaluate } from "../ir/evaluate.ts";
import type { OnnxValue } from "../lower/onnx/model.ts";
import { LoweringError, lowerOnnx } from "../lower/onnx.ts";
import { liftRandom } from "../lower/random.ts";
import type { Program } from "../plan/program.ts";
import { type Tensor, type TensorType, zeros } from "../shape/tensor.ts";
import { answerArray } from "./answers.ts";
import { type Backend, BackendError, type BackendSession, CurrentBackend } from "./backend.ts";
import { runInPlace, SEQUENCE } from "./onnx/in-place.ts";
import { encodeModel } from "./onnx/proto.ts";

export type OnnxDevice = "cpu" | "webgpu" | "cuda";

export interface OnnxOptions {
  readonly device?: OnnxDevice;
  /** Threads of one operation on the CPU; as many as cores where absent. */
  readonly threads?: number;
  /** Prefix of the file to which ONNX Runtime writes its profile of every node. */
  readonly profile?: string;
}

const require = createRequire(import.meta.url);
const { version } = require("onnxruntime-node/package.json") as { readonly version: string };

const ortType = { f32: "float32", f64: "float64", i32: "int32", bool: "bool" } as const;
/** ONNX Runtime's level for faults that end the process: all others come as errors, not as lines on the terminal. */
const FATAL = 4;

/**
 * ONNX Runtime. The native library is loaded when the first program is opened, so that a run whose results are all stored never waits for it.
 * Resident values are arrays of this process, which the engine reads and writes in place: an updated one has two, of which one is read while the
 * other is written.
 */
export const onnx = (options: OnnxOptions = {}): Backend => {
  const device = options.device ?? "cpu";
  const fault = (error: unknown) => failure(device, error);
  return {
    name: "onnx",
    device,
    identity: `onnx/${version}/${device}`,
    // Convolutions gather their patches, and the arena grows by doubling.
    overhead: 6,
    open: (program, resident) =>
      Effect.gen(function* () {
        const {
          lifted,
          inputs: declared,
          outputs: made,
          bytes,
        } = yield* Effect.try({ try: () => prepare(program, resident), catch: fault });
        const ort = yield* Effect.try({ try: loadOrt, catch: fault });
        const native = yield* Effect.acquireRelease(
          Effect.tryPromise({
            try: () => ort.InferenceSession.create(bytes, sessionOptions(options, device)),
            catch: fault,
          }),
          (session) =>
            Effect.promise(async () => {
              if (options.profile !== undefined) session.endProfiling();
              await session.release();
            }),
        );
        // The engine sees an array in the shape that the model declares.
        const wrap = (value: Tensor, { shape }: OnnxValue): OrtTensor =>
          new ort.Tensor(ortType[value.dtype], value.data, shape);
        const { updated, graph } = program;
        const typeOf = (value: number): TensorType =>
          value < graph.inputs.length ? graph.inputs[value]!.type : graph.nodes[value - graph.inputs.length]!.type;
        const answers = graph.outputs.slice(updated).map(typeOf);

        const values = resident.map(copy);
        const feeds: Record<string, OrtTensor> = {};
        const feed = (i: number, value: Tensor) => {
          const input = declared.get(`input${i}`);
          if (input !== undefined) feeds[input.name] = wrap(value, input);
        };
        values.forEach((value, i) => {
          feed(i, value);
        });
        // An updated value as the engine sees it read and written; what the next run writes, and what it reads.
        const double = (tensor: Tensor, i: number) => ({
          tensor,
          input: wrap(tensor, declared.get(`input${i}`)!),
          output: wrap(tensor, made[i]!),
        });
        const next = values.slice(0, updated).map(({ dtype, shape }, i) => double(zeros(dtype, shape), i));
        const now = values.slice(0, updated).map(double);
        const one = yield* Semaphore.make(1);

        const run = async (fed: readonly Tensor[], spent: readonly Tensor[]): Promise<readonly Tensor[]> => {
          const inputs = [...values, ...fed];
          const { draws, needs } = lifted;
          if (draws !== undefined)
            inputs.push(
              ...evaluate(
                draws,
                needs.map((i) => inputs[i]!),
              ),
            );
          for (let i = values.length; i < inputs.length; i++) feed(i, inputs[i]!);
          const results = answers.map((type, i) => answerArray(spent[i], type));
          const fetches: Record<string, OrtTensor> = {};
          next.forEach(({ output }, i) => {
            fetches[`output${i}`] = output;
          });
          results.forEach((result, i) => {
            fetches[`output${updated + i}`] = wrap(result, made[updated + i]!);
          });
          await runInPlace(native, feeds, fetches);
          for (let i = 0; i < updated; i++) {
            [now[i], next[i]] = [next[i]!, now[i]!];
            values[i] = now[i]!.tensor;
            feeds[`input${i}`] = now[i]!.input;
          }
          return results;
        };

        const session: BackendSession = {
          run: (fed, spent = []) => one.withPermit(Effect.tryPromise({ try: () => run(fed, spent), catch: fault })),
          read: one.withPermit(Effect.sync(() => values.map(copy))),
        };
        return session;
      }),
  };
};

export const layerOnnx = (options: OnnxOptions = {}): Layer.Layer<CurrentBackend> =>
  Layer.sync(CurrentBackend, () => onnx(options));

/** By `require`: what `import` makes of a CommonJS module's names differs between Node, bundlers and loaders. */
export const loadOrt = (): typeof import("onnxruntime-node") => {
  const ort: typeof import("onnxruntime-node") = require("onnxruntime-node");
  ort.env.logLevel = "fatal";
  return ort;
};

/** Bytes of resident values that a model may hold as constants. */
const CONSTANT_BYTES = 64e6;

/** What stays in the engine and never changes is a constant to it: it lays out kernels and computes what depends on constants alone once. */
const prepare = (program: Program, resident: readonly Tensor[]) => {
  const lifted = liftRandom(program.graph);
  const known = new Map<number, Tensor>();
  let bytes = 0;
  for (let i = program.updated; i < program.resident; i++) {
    bytes += resident[i]!.data.byteLength;
    if (bytes <= CONSTANT_BYTES) known.set(i, resident[i]!);
  }
  const model = lowerOnnx(lifted.graph, known);
  return {
    lifted,
    inputs: new Map(model.inputs.map((input) => [input.name, input])),
    outputs: model.outputs,
    bytes: encodeModel(model, SEQUENCE),
  };
};

const copy = (value: Tensor): Tensor => ({ ...value, data: value.data.slice() }) as Tensor;

export const sessionOptions = (
  { threads, profile }: OnnxOptions,
  device: OnnxDevice,
): InferenceSession.SessionOptions => ({
  executionProviders: device === "cpu" ? ["cpu"] : [device, "cpu"],
  graphOptimizationLevel: "all",
  // A pattern of the first run is laid out beside the arena of that run, which stays: twice the memory, and no faster.
  enableMemPattern: false,
  logSeverityLevel: FATAL,
  ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
  ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
});

export const failure = (device: OnnxDevice, error: unknown): BackendError =>
  new BackendError({
    backend: `onnx (${device})`,
    message: error instanceof Error ? error.message : String(error),
    help:
      error instanceof LoweringError
        ? error.help
        : "`mtt backend list` says what can compute here; `--backend reference` computes anything, slowly",
  });
