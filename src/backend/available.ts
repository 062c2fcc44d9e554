import { existsSync } from "node:fs";
import * as Effect from "effect/Effect";
import type { Graph } from "../ir/graph.ts";
import { tensor } from "../shape/tensor.ts";
import { type Backend, BackendError } from "./backend.ts";
import { type OnnxDevice, onnx } from "./onnx.ts";
import { reference } from "./reference.ts";

export interface Availability {
  readonly name: Backend["name"];
  readonly device: string;
  readonly ok: boolean;
  /** What it is where it computes, and what it lacks where not. */
  readonly why: string;
}

/** What can compute on this machine: each engine computes one small sum on each of its devices. */
export const available: Effect.Effect<readonly Availability[]> = Effect.gen(function* () {
  const rows: Availability[] = [];
  for (const device of DEVICES) rows.push(yield* probe(onnx({ device }), lacks(device)));
  rows.push(yield* probe(reference, undefined));
  return rows;
});

/** `auto` takes the fastest engine that is installed. Refuses an engine or a device that this version does not have. */
export const selectBackend = (
  name: "auto" | Backend["name"],
  device: string,
  threads?: number,
): Effect.Effect<Backend, BackendError> =>
  Effect.gen(function* () {
    const refuse = (message: string, help: string) => new BackendError({ backend: name, message, help });
    if (name === "tensorflow")
      return yield* refuse("the tensorflow backend is not installed", "`--backend onnx` comes with mtt");
    if (name === "reference") {
      if (device !== "cpu")
        return yield* refuse(`the reference backend has no device ${device}`, "its one device is `cpu`");
      return reference;
    }
    const known = DEVICES.find((one) => one === device);
    if (known === undefined)
      return yield* refuse(`the onnx backend has no device ${device}`, `its devices are ${DEVICES.join(", ")}`);
    const missing = lacks(known);
    if (missing !== undefined) return yield* refuse(missing, "`mtt backend list` says what can compute here");
    return onnx({ device: known, ...(threads === undefined ? {} : { threads }) });
  });

const DEVICES = ["cpu", "webgpu", "cuda"] as const satisfies readonly OnnxDevice[];

/** Known without loading a driver: some end the process where there is no device. */
const lacks = (device: OnnxDevice): string | undefined => {
  if (device === "cuda" && process.platform !== "linux") return "CUDA needs Linux";
  if (device === "webgpu" && process.platform === "linux" && !VULKAN_DRIVERS.some((file) => existsSync(file)))
    return "no Vulkan driver is installed";
  return undefined;
};

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

const probe = (backend: Backend, missing: string | undefined): Effect.Effect<Availability> => {
  const { name, device } = backend;
  if (missing !== undefined) return Effect.succeed({ name, device, ok: false, why: missing });
  return Effect.gen(function* () {
    const session = yield* backend.open({ graph: double, resident: 0, updated: 0 }, []);
    const [sum] = yield* session.run([tensor("f32", [2], [1, 2])]);
    const ok = sum?.data[0] === 2 && sum.data[1] === 4;
    return { name, device, ok, why: ok ? backend.identity : "it computes 1 + 1 wrongly" };
  }).pipe(
    Effect.scoped,
    Effect.catch(({ message }) => Effect.succeed({ name, device, ok: false, why: message })),
  );
};
