import { execFile } from "node:child_process";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import type { Graph } from "../../ir/graph.ts";
import { lowerTensorflow, UPDATED } from "../../lower/tensorflow.ts";
import { ADDON, QUIET, type TfDevice } from "./place.ts";
import { encodeSavedModel, TAG } from "./proto.ts";

/** Milliseconds that loading the library and one sum may take. */
const PATIENCE = 120_000;

const double: Graph = {
  inputs: [{ name: "x", type: { dtype: "f32", shape: [2] } }],
  nodes: [{ op: "add", params: {}, inputs: [0, 0], type: { dtype: "f32", shape: [2] } }],
  outputs: [1],
};

/** Whether the library in a folder computes a sum on a device; why not, or nothing. In a process of its own, which a broken one takes along. */
export const probeTensorflow = (folder: string, device: TfDevice): Effect.Effect<string | undefined> =>
  Effect.callback<string | undefined>((resume) => {
    const lowered = lowerTensorflow(double, { resident: 0, updated: 0 });
    const argument = JSON.stringify({
      quiet: join(folder, QUIET),
      addon: join(folder, ADDON),
      model: Buffer.from(encodeSavedModel(lowered.graph)).toString("base64"),
      tag: TAG,
      feeds: lowered.feeds.join(","),
      fetches: [...lowered.answers, UPDATED].join(","),
      device,
    });
    const env = {
      ...process.env,
      TF_CPP_MIN_LOG_LEVEL: "3",
      TF_FORCE_GPU_ALLOW_GROWTH: "true",
      ...(device === "cpu" ? { CUDA_VISIBLE_DEVICES: "-1" } : {}),
    };
    const child = execFile(process.execPath, ["-e", PROBE, argument], { env, timeout: PATIENCE }, (error, answer) => {
      if (error === null) return resume(Effect.succeed(undefined));
      const why = answer.trim().split("\n").at(-1)!;
      resume(Effect.succeed(why === "" ? "it ended the process" : why));
    });
    return Effect.sync(() => child.kill());
  });

const PROBE = `
const fs = require("node:fs"), os = require("node:os"), path = require("node:path");
const { quiet, addon, model, tag, feeds, fetches, device } = JSON.parse(process.argv[1]);
const fail = (why) => { console.log(why); process.exit(1); };
try {
  require(quiet);
  const binding = require(addon);
  if (device === "cuda" && !binding.isUsingGpuDevice()) fail("it finds no GPU that it can use");
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "mtt-tensorflow-"));
  fs.writeFileSync(path.join(folder, "saved_model.pb"), Buffer.from(model, "base64"));
  const session = binding.loadSavedModel(folder, tag);
  fs.rmSync(folder, { recursive: true });
  const x = binding.createTensor([2], binding.TF_FLOAT, Float32Array.of(1, 2));
  const [sum] = binding.runSavedModel(session, [x], feeds, fetches);
  const data = binding.tensorDataSync(sum.id);
  if (data[0] !== 2 || data[1] !== 4) fail("it computes 1 + 1 wrongly");
  if (device === "cuda") process.exit(0);
  const beside = new Float32Array(2);
  const sums = new Float64Array(2);
  const turns = binding.turns();
  const run = (into, ...inTurn) =>
    binding.runBeside(session, feeds, [binding.TF_FLOAT], [[2]], [Float32Array.of(1, 2)], fetches, [into], 1, ...inTurn);
  Promise.all([run(beside), run(sums, turns, 1), run(sums, turns, 0)])
    .then(() => {
      if (beside[0] !== 2 || beside[1] !== 4) fail("it computes 1 + 1 wrongly beside others");
      if (sums[0] !== 4 || sums[1] !== 8) fail("it adds up 2 + 2 wrongly");
    })
    .catch((error) => fail(error.message));
} catch (error) {
  fail(error.message);
}
`;
