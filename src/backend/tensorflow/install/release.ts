import { TENSORFLOW, TFJS, type TfDevice } from "../place.ts";

/** The files from which an installation is made, by their sha256. */
export interface Release {
  readonly version: string;
  /** The Python project whose wheels carry the library. */
  readonly project: string;
  /** sha256 -> file name. The library is the same whatever the Python. */
  readonly wheels: ReadonlyMap<string, string>;
  /** The package with the addon's sources. */
  readonly addon: { readonly name: string; readonly version: string };
}

const wheel = (project: string, python: string) =>
  `${project}-${TENSORFLOW}-${python}-${python}-manylinux_2_27_x86_64.whl`;

const wheels: { readonly [D in TfDevice]: ReadonlyMap<string, string> } = {
  cpu: new Map([
    ["2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c", wheel("tensorflow_cpu", "cp311")],
    ["d143e92f5c0661cdfa26eaca8f73cd2efd0ec53a68af8dec82f584ba8eb14b83", wheel("tensorflow_cpu", "cp310")],
    ["dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb", wheel("tensorflow_cpu", "cp312")],
    ["05af7c26d35f4de910b5598c7b507e3981831a7b0f47fed9a405d995d51d7793", wheel("tensorflow_cpu", "cp313")],
  ]),
  cuda: new Map([
    ["9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124", wheel("tensorflow", "cp311")],
    ["77c6f298e695ea1d283cdd7d30f8d97530cc6e92c1395a9ddbab9771c99233a4", wheel("tensorflow", "cp310")],
    ["b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0", wheel("tensorflow", "cp312")],
    ["e9d8da8dcab9650efb45f032ba70af2f016f907e6e0c6bda29dd101bba945406", wheel("tensorflow", "cp313")],
  ]),
};

export const releaseFor = (device: TfDevice): Release => ({
  version: TENSORFLOW,
  project: device === "cpu" ? "tensorflow-cpu" : "tensorflow",
  wheels: wheels[device],
  addon: { name: "@tensorflow/tfjs-node-gpu", version: TFJS },
});
