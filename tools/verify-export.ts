/**
 * Whether other programs read what `mtt export` writes: trains a small network, writes it in every format, and lets Python compare what onnxruntime,
 * TensorFlow and PyTorch make of it with what mtt predicts. `npm run verify:export`; MTT_PYTHON names the interpreter.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { npyBytes, npyHeader } from "../src/execute/array-file.ts";
import { inferenceOf } from "../src/export/inference.ts";
import { onnxFile } from "../src/export/onnx.ts";
import { savedModelFile } from "../src/export/saved-model.ts";
import { load } from "../src/index.ts";
import type { Tensor } from "../src/shape/tensor.ts";
import { encodeSafetensors } from "../src/store/safetensors.ts";

/** verify_export.py has the same network in PyTorch. */
const PROGRAM = `let digits = glyphs(n: 400, seed: 1)
network Verified(image: f32[28, 28, 1]) -> f32[10] =
  image |> conv(8, kernel: 5x3, stride: 2x2) |> lrelu(0.2) |> batch_norm |> max_pool(2x2) |> flatten |> dense(10) |> dropout(keep: 0.5)
train model {
  network: Verified
  data: digits.train
  loss: softmax_cross_entropy
  optimizer: adam(rate: 1e-2)
  batch: 50
  epochs: 3
}
`;

const npy = (array: Tensor): Uint8Array => Buffer.concat([npyHeader(array.dtype, array.shape), npyBytes(array)]);

const folder = mkdtempSync(join(tmpdir(), "mtt-verify-export-"));
try {
  const file = join(folder, "verified.mtt");
  writeFileSync(file, PROGRAM);
  const program = await load(file);
  const model = program.model("model");
  const test = program.data("digits.test").take(7);
  const { parameters } = await program.get(model);
  const { fields } = await program.get(test);
  const step = program.plan?.steps.find(({ id }) => id === "model");
  if (step?.body.kind !== "train") throw new Error("the program trains no model");
  const inference = inferenceOf(step.body.training.network, parameters);
  writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(parameters));
  writeFileSync(join(folder, "model.onnx"), onnxFile(inference));
  mkdirSync(join(folder, "saved_model"));
  writeFileSync(join(folder, "saved_model/saved_model.pb"), savedModelFile(inference));
  writeFileSync(join(folder, "image.npy"), npy(fields.image!));
  writeFileSync(join(folder, "expected.npy"), npy(await program.get(model.predict(test))));

  const bench = "bench/.venv/bin/python";
  const python = process.env.MTT_PYTHON ?? (existsSync(bench) ? bench : "python3");
  const { status, error } = spawnSync(python, [join(import.meta.dirname, "verify_export.py"), folder], {
    stdio: "inherit",
  });
  if (error !== undefined) console.error(`${python}: ${error.message}; MTT_PYTHON names an interpreter`);
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
