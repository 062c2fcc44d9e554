import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import * as Effect from "effect/Effect";
import type { Graph } from "../ir/graph.ts";
import { lowerOnnx } from "../lower/onnx.ts";
import { tensor } from "../shape/tensor.ts";
import { type Backend, BackendError } from "./backend.ts";
import { encodeModel } from "./onnx/proto.ts";
import { type OnnxDevice, onnx } from "./onnx.ts";
import { reference } from "./reference.ts";
import { howToInstall, installedFor, notInstalled, type TfDevice } from "./tensorflow/place.ts";
import { probeTensorflow } from "./tensorflow/probe.ts";
import { tensorflow } from "./tensorflow.ts";

export interface Availability {
  readonly name: Backend["name"];
  readonly device: string;
  readonly ok: boolean;
  /** What it is where it computes, and what it lacks where not. */
  readonly why: string;
}

interface Engine {
  /** One row for each of its devices: it computes one small sum there. */
  readonly rows: readonly Effect.Effect<Availability>[];
  /** Refuses a device that it does not have. */
  readonly select: (device: string, options: { readonly threads?: number }) => Effect.Effect<Backend, BackendError>;
}

/** What can compute on this machine. */
export const available: Effect.Effect<readonly Availability[]> = Effect.suspend(() =>
  Effect.all(Object.values(engines).flatMap(({ rows }) => rows)),
);

/** `auto` takes the fastest engine that is installed. Refuses an engine or a device that this version does not have. */
export const selectBackend = (
  name: "auto" | Backend["name"],
  device: string,
  threads?: number,
): Effect.Effect<Backend, BackendError> =>
  engines[name === "auto" ? fastestFor(device) : name].select(device, threads === undefined ? {} : { threads });

const fastestFor = (device: string): Backend["name"] => {
  const library = TENSORFLOW_DEVICES.find((one) => one === device);
  return library !== undefined && installedFor(library) !== undefined ? "tensorflow" : "onnx";
};

const refusal = (backend: Backend["name"], message: string, help: string) =>
  Effect.fail(new BackendError({ backend, message, help }));

const engine = <D extends string>(
  name: Backend["name"],
  devices: readonly D[],
  row: (device: D) => Effect.Effect<Availability>,
  make: (device: D, options: { readonly threads?: number }) => Effect.Effect<Backend, BackendError>,
): Engine => ({
  rows: devices.map((device) => Effect.suspend(() => row(device))),
  select: (device, options) => {
    const known = devices.find((one) => one === device);
    if (known !== undefined) return make(known, options);
    const help = devices.length === 1 ? `its one device is \`${devices[0]}\`` : `its devices are ${devices.join(", ")}`;
    return refusal(name, `the ${name} backend has no device ${device}`, help);
  },
});

const LIST = "`mtt backend list` says what can compute here, and `--device cpu` does everywhere";

const TENSORFLOW_DEVICES = ["cpu", "cuda"] as const satisfies readonly TfDevice[];
const ONNX_DEVICES = ["cpu", "webgpu", "cuda"] as const satisfies readonly OnnxDevice[];

/** Known without loading a driver: some end the process where there is no device. */
const lacks = (device: OnnxDevice): string | undefined => {
  if (device === "cuda" && process.platform !== "linux") return "CUDA needs Linux";
  if (device === "webgpu" && process.platform === "linux" && !VULKAN_DRIVERS.some((file) => existsSync(file)))
    return NO_GPU;
  return undefined;
};

const NO_GPU =
  "no GPU has a Vulkan driver here; VK_ICD_FILENAMES names another, such as the one that computes on the processor in Debian's chromium";
const NO_CUDA = "CUDA's libraries are not found: CUDA 12 and cuDNN 9, where LD_LIBRARY_PATH leads";

const VULKAN_DRIVERS = [
  ...(process.env.VK_ICD_FILENAMES ?? process.env.VK_DRIVER_FILES ?? "").split(":").filter((file) => file !== ""),
  "/usr/share/vulkan/icd.d",
  "/etc/vulkan/icd.d",
];

const double: Graph = {
  inputs: [{ name: "x", type: { dtype: "f32", shape: [2] } }],
  nodes: [{ op: "add", params: {}, inputs: [0, 0], type: { dtype: "f32", shape: [2] } }],
  outputs: [1],
};

const probe = (backend: Backend): Effect.Effect<Availability> => {
  const { name, device, identity } = backend;
  return Effect.gen(function* () {
    const session = yield* backend.open({ graph: double, resident: 0, updated: 0 }, []);
    const [sum] = yield* session.run([tensor("f32", [2], [1, 2])]);
    const ok = sum?.data[0] === 2 && sum.data[1] === 4;
    return { name, device, ok, why: ok ? identity : "it computes 1 + 1 wrongly" };
  }).pipe(
    Effect.scoped,
    Effect.catch(({ message }) => Effect.succeed({ name, device, ok: false, why: message })),
  );
};

const probeLibrary = (device: TfDevice): Effect.Effect<Availability> => {
  const folder = installedFor(device);
  const row = (ok: boolean, why: string): Availability => ({ name: "tensorflow", device, ok, why });
  if (folder === undefined) return Effect.succeed(row(false, `${notInstalled(device)}: ${howToInstall(device)}`));
  return Effect.map(probeTensorflow(folder, device), (wrong) =>
    wrong === undefined ? row(true, tensorflow({ device }).identity) : row(false, wrong),
  );
};

/** Milliseconds that a driver may take to compute one sum. */
const PATIENCE = 60_000;

/** The same in a process of its own: drivers write to the terminal as they like, and one that is broken takes its process along. */
const probeApart = (device: Exclude<OnnxDevice, "cpu">): Effect.Effect<Availability> => {
  const missing = lacks(device);
  const row = (ok: boolean, why: string): Availability => ({ name: "onnx", device, ok, why });
  if (missing !== undefined) return Effect.succeed(row(false, missing));
  const model = Buffer.from(encodeModel(lowerOnnx(double))).toString("base64");
  const argument = JSON.stringify({ path: createRequire(import.meta.url).resolve("onnxruntime-node"), model, device });
  return Effect.callback<Availability>((resume) => {
    const child = execFile(process.execPath, ["-e", PROBE, argument], { timeout: PATIENCE }, (error, answer) => {
      if (error === null) resume(Effect.succeed(row(true, onnx({ device }).identity)));
      else resume(Effect.succeed(row(false, reasonOf(answer))));
    });
    return Effect.sync(() => child.kill());
  });
};

/** What a driver says on its last line, in words of ours where it is known. */
const reasonOf = (answer: string): string => {
  const said = answer
    .trim()
    .split("\n")
    .at(-1)!
    .replace(/^.* was false\. /, "");
  if (/No supported adapters/.test(said)) return NO_GPU;
  if (/ExecutionProvider_Cuda: Failed to load/.test(said)) return NO_CUDA;
  return said === "" ? "its driver ended the process" : said;
};

const PROBE = `
const { path, model, device } = JSON.parse(process.argv[1]);
const ort = require(path);
ort.env.logLevel = "fatal";
const options = { executionProviders: [device], logSeverityLevel: 4 };
ort.InferenceSession.create(Buffer.from(model, "base64"), options)
  .then((session) => session.run({ input0: new ort.Tensor("float32", Float32Array.of(1, 2), [2]) }))
  .then(({ output0 }) => process.exit(output0.data[0] === 2 && output0.data[1] === 4 ? 0 : 1))
  .catch((error) => {
    console.log(error.message);
    process.exit(1);
  });
`;

/** In the order of `mtt backend list`. */
const engines: { readonly [E in Backend["name"]]: Engine } = {
  tensorflow: engine("tensorflow", TENSORFLOW_DEVICES, probeLibrary, (device, options) =>
    installedFor(device) === undefined
      ? refusal("tensorflow", notInstalled(device), howToInstall(device))
      : Effect.succeed(tensorflow({ device, ...options })),
  ),
  onnx: engine(
    "onnx",
    ONNX_DEVICES,
    (device) => (device === "cpu" ? probe(onnx()) : probeApart(device)),
    Effect.fnUntraced(function* (device, options) {
      if (device !== "cpu") {
        const { ok, why } = yield* probeApart(device);
        if (!ok) return yield* refusal("onnx", `onnx cannot compute on ${device}: ${why}`, LIST);
      }
      return onnx({ device, ...options });
    }),
  ),
  reference: engine(
    "reference",
    ["cpu"],
    () => probe(reference),
    () => Effect.succeed(reference),
  ),
};
