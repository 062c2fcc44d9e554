import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import * as Semaphore from "effect/Semaphore";
import { evaluate } from "../ir/evaluate.ts";
import { LoweringError } from "../lower/error.ts";
import { liftRandom } from "../lower/random.ts";
import { INITIALIZED, lowerTensorflow, UPDATED } from "../lower/tensorflow.ts";
import type { Program } from "../plan/program.ts";
import { emptySum } from "../plan/sums.ts";
import type { Tensor, TensorType } from "../shape/tensor.ts";
import { answerArray } from "./answers.ts";
import { type Backend, BackendError, type BackendSession, type Beside, CurrentBackend, type Sums } from "./backend.ts";
import { type Binding, loadBinding } from "./tensorflow/binding.ts";
import { howToInstall, installedFor, notInstalled, TENSORFLOW, type TfDevice } from "./tensorflow/place.ts";
import { encodeSavedModel, TAG } from "./tensorflow/proto.ts";

export interface TensorflowOptions {
  readonly device?: TfDevice;
  /** Threads of the engine; as many as cores where absent. The first backend of a process decides. */
  readonly threads?: number;
}

/**
 * TensorFlow, through the session of tfjs-node-gpu's addon. A program is one session: its resident values are variables there, and a run is one call,
 * which computes, assigns and answers. The library is loaded when the first program is opened.
 */
export const tensorflow = (options: TensorflowOptions = {}): Backend => {
  const device = options.device ?? "cpu";
  const fault = (error: unknown) => failure(device, error);
  /** Scopes of its own, so that a session holds on to nothing of the resident values that its engine has. */
  const compiled = (program: Program) =>
    Effect.gen(function* () {
      const binding = yield* Effect.try({ try: () => engine(options), catch: fault });
      const { graph, updated } = program;
      const { lifted, lowered, bytes } = yield* Effect.try({ try: () => prepare(program, device), catch: fault });
      // Runs under way: a session is not freed while one computes, however its caller ended.
      const under = new Set<Promise<unknown>>();
      let freed = false;
      const session = yield* Effect.acquireRelease(
        Effect.try({ try: () => load(binding, bytes), catch: fault }),
        (id) =>
          Effect.promise(async () => {
            freed = true;
            await Promise.allSettled(under);
            binding.deleteSavedModel(id);
          }),
      );
      const answers = graph.outputs.slice(updated).map((value) => typeOf(graph, value));
      const initial = lowered.initial.join(",");
      const feeds = lowered.feeds.join(",");
      const fetches = [...lowered.answers, UPDATED].join(",");
      const residentTypes = graph.inputs.slice(0, program.resident).map(({ type }) => type);
      const assign = (resident: readonly Tensor[]) =>
        Effect.try({ try: () => call(binding, session, resident, initial, INITIALIZED, []), catch: fault });

      // Draws may read resident values, which then are those that the engine has.
      const { draws, needs } = lifted;
      const drawsRead = needs.some((i) => i < program.resident);
      const read = () => call(binding, session, [], "", lowered.kept.join(","), residentTypes);
      const withDraws = (fed: readonly Tensor[]): readonly Tensor[] => {
        if (draws === undefined) return fed;
        const inputs = drawsRead ? [...read(), ...fed] : fed;
        const first = drawsRead ? 0 : program.resident;
        const drawn = evaluate(
          draws,
          needs.map((i) => inputs[i - first]!),
        );
        return [...fed, ...drawn];
      };
      const run = (fed: readonly Tensor[]) => call(binding, session, withDraws(fed), feeds, fetches, answers);

      const one = yield* Semaphore.make(1);
      const lanes = lanesOf(binding, device);
      const called = { binding, session, feeds, fetches, lanes };
      /** Its arrays are the caller's again when it has ended. */
      const besides = (fed: readonly Tensor[], into: readonly Tensor[], ...inTurn: InTurn) =>
        Effect.uninterruptible(
          Effect.tryPromise({
            try: async () => {
              if (freed) throw new Error("its session is closed");
              const begun = callBeside(called, withDraws(fed), into, inTurn);
              under.add(begun);
              await begun.finally(() => under.delete(begun));
            },
            catch: fault,
          }),
        );
      const besideRun: Beside["run"] = (fed, spent = []) =>
        Effect.flatMap(
          Effect.try({ try: () => answers.map((type, i) => answerArray(spent[i], type)), catch: fault }),
          (results) => Effect.as(besides(fed, results), results),
        );
      const { turns } = binding;
      const adding =
        turns === undefined || answers.some(({ dtype }) => dtype !== "f32")
          ? {}
          : {
              adding: {
                begin: Effect.try({ try: () => ({ values: answers.map(emptySum), turns: turns() }), catch: fault }),
                run: (fed: readonly Tensor[], to: Sums, turn: number) => besides(fed, to.values, to.turns, turn),
              },
            };
      const result: BackendSession = {
        // A run holds the thread; between two of them, others have their turn.
        run: (fed) =>
          one.withPermit(Effect.andThen(Effect.yieldNow, Effect.try({ try: () => run(fed), catch: fault }))),
        ...(lanes === 1 || updated > 0 ? {} : { beside: { lanes, run: besideRun, ...adding } }),
        read: one.withPermit(Effect.try({ try: () => (residentTypes.length === 0 ? [] : read()), catch: fault })),
      };
      return { result, assign };
    });
  return {
    name: "tensorflow",
    device,
    identity: `tensorflow/${TENSORFLOW}/${device}`,
    // Its allocator keeps gaps; most operations run in place.
    overhead: 2,
    open: (program, resident) =>
      Effect.flatMap(compiled(program), ({ result, assign }) => Effect.as(assign(resident), result)),
  };
};

export const layerTensorflow = (options: TensorflowOptions = {}): Layer.Layer<CurrentBackend> =>
  Layer.sync(CurrentBackend, () => tensorflow(options));

let loaded: Binding | undefined;

/** The library of this process. Throws where it is not installed or does not load. */
export function engine(options: TensorflowOptions): Binding {
  if (loaded !== undefined) return loaded;
  const device = options.device ?? "cpu";
  const folder = installedFor(device);
  if (folder === undefined) throw new NotInstalled(device);
  loaded = loadBinding(folder, { ...options, device });
  return loaded;
}

/** What of the engine is alive in this process; nothing where it was not loaded. */
export const handles = (): { readonly tensors: number; readonly sessions: number } => ({
  tensors: loaded?.getNumOfTensors() ?? 0,
  sessions: loaded?.getNumOfSavedModels() ?? 0,
});

/** Runs side by side, at most: each has the memory of a batch. */
const LANES = 8;

/** One for each of the engine's threads. The lanes are the process's, and end with it: workers of JavaScript's have none. */
const lanesOf = ({ runBeside }: Binding, device: TfDevice): number => {
  if (device !== "cpu" || runBeside === undefined || !isMainThread) return 1;
  const set = Number(process.env.TF_NUM_INTRAOP_THREADS);
  return Math.min(LANES, Number.isInteger(set) && set > 0 ? set : availableParallelism());
};

class NotInstalled extends Error {
  constructor(device: TfDevice) {
    super(notInstalled(device));
  }
}

const prepare = (program: Program, device: TfDevice) => {
  const lifted = liftRandom(program.graph);
  const lowered = lowerTensorflow(lifted.graph, program, device === "cpu" ? "own" : "given");
  return { lifted, lowered, bytes: encodeSavedModel(lowered.graph) };
};

/** The binding loads folders only. */
function load(binding: Binding, bytes: Uint8Array): number {
  const folder = mkdtempSync(join(tmpdir(), "mtt-tensorflow-"));
  try {
    writeFileSync(join(folder, "saved_model.pb"), bytes);
    return binding.loadSavedModel(folder, TAG);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One run of a session. Fetches that have no type are not answered. */
function call(
  binding: Binding,
  session: number,
  fed: readonly Tensor[],
  feeds: string,
  fetches: string,
  types: readonly TensorType[],
): readonly Tensor[] {
  const ids: number[] = [];
  let outputs: readonly { readonly id: number }[] = [];
  try {
    for (const value of fed) ids.push(give(binding, value));
    outputs = binding.runSavedModel(session, ids, feeds, fetches);
    return types.map((type, i) => take(binding, outputs[i]!.id, type));
  } finally {
    for (const id of ids) binding.deleteTensor(id);
    for (const { id } of outputs) binding.deleteTensor(id);
  }
}

type InTurn = readonly [] | readonly [turns: object, turn: number];

/** One run beside others, whose answers are written into arrays, or added to them in turn. */
function callBeside(
  {
    binding,
    session,
    feeds,
    fetches,
    lanes,
  }: {
    readonly binding: Binding;
    readonly session: number;
    readonly feeds: string;
    readonly fetches: string;
    readonly lanes: number;
  },
  fed: readonly Tensor[],
  into: readonly Tensor[],
  inTurn: InTurn,
): Promise<void> {
  const given = fed.map((value) => crossing(binding, value));
  return binding.runBeside!(
    session,
    feeds,
    given.map(({ type }) => type),
    given.map(({ shape }) => shape),
    given.map(({ data }) => data),
    fetches,
    into.map((value) => (inTurn.length === 0 ? crossing(binding, value).data : value.data)),
    lanes,
    ...inTurn,
  );
}

/** A tensor as it crosses to the addon: an f64 as two i32. */
function crossing(binding: Binding, { dtype, shape, data }: Tensor) {
  if (data instanceof Float64Array) {
    const halves = new Int32Array(data.buffer, data.byteOffset, 2 * data.length);
    return { type: binding.TF_INT32, shape: [...shape, 2], data: halves };
  }
  const type = dtype === "f32" ? binding.TF_FLOAT : dtype === "i32" ? binding.TF_INT32 : binding.TF_BOOL;
  return { type, shape, data };
}

function give(binding: Binding, value: Tensor): number {
  const { type, shape, data } = crossing(binding, value);
  return binding.createTensor(shape, type, data);
}

function take(binding: Binding, id: number, { dtype, shape }: TensorType): Tensor {
  const data = binding.tensorDataSync(id);
  if (dtype === "f64") return { dtype, shape, data: new Float64Array(data.buffer, data.byteOffset, data.length / 2) };
  return { dtype, shape, data } as Tensor;
}

const typeOf = (graph: Program["graph"], value: number): TensorType =>
  value < graph.inputs.length ? graph.inputs[value]!.type : graph.nodes[value - graph.inputs.length]!.type;

const failure = (device: TfDevice, error: unknown): BackendError =>
  new BackendError({
    backend: `tensorflow (${device})`,
    message: error instanceof Error ? error.message : String(error),
    help:
      error instanceof LoweringError
        ? error.help
        : error instanceof NotInstalled
          ? howToInstall(device)
          : "`mtt backend list` says what can compute here; `--backend onnx` comes with mtt",
  });
