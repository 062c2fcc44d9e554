import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadOrt } from "../../src/backend/onnx.ts";
import { TAG } from "../../src/backend/tensorflow/proto.ts";
import { engine } from "../../src/backend/tensorflow.ts";
import { compile } from "../../src/compile.ts";
import { type Inference, inferenceOf } from "../../src/export/inference.ts";
import { onnxFile } from "../../src/export/onnx.ts";
import { savedModelFile } from "../../src/export/saved-model.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { sizeOf, type Tensor, tensor } from "../../src/shape/tensor.ts";

/** Numbers between -1 and 1 that look like none in particular. */
const numbers = (n: number, seed: number): number[] =>
  Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));

/** Networks that together use all layers of the library and the operations that lower by shape. */
const networks: Readonly<Record<string, string>> = {
  "the post's": `network N(image: f32[28, 28, 1]) -> f32[10] = image |> conv(8, stride: 2x2) |> lrelu(0.2) |> conv(16, stride: 2x2) |> lrelu(0.2)
    |> flatten |> dense(32) |> dropout(keep: 0.5) |> lrelu(0.2) |> dense(10) |> dropout(keep: 0.5)`,
  "residual blocks and pools": `network N(image: f32[12, 10, 3]) -> f32[4] = image |> conv(4, kernel: 5x3, pad: valid) |> residual |> max_pool(2x2)
    |> batch_norm |> avg_pool(3x2, stride: 1x1, pad: same) |> conv_linear(5) |> global_avg_pool |> dense(4) |> softmax`,
  vectors: `network N(x: f32[6]) -> f32[3] = x |> linear(5) |> layer_norm |> gelu |> dense(4) |> elu |> dense(3) |> sigmoid`,
  "one number": `network N(x: f32[]) -> f32[] = tanh(2 * x) + softplus(x)`,
  "one logit of a vector": `network N(x: f32[7]) -> f32[] = reduce_sum(x |> dense(1))`,
  "a result that no field decides": `network N(x: f32[3]) -> f32[2] { weight b: f32[2] ~ normal(1)
    b + 0 * reduce_sum(x) }`,
  "a constant result": `network N(x: f32[3]) -> f32[2] { weight b: f32[2] ~ normal(1)
    2 * b }`,
  "several fields and results": `network N(x: f32[4], image: f32[6, 6, 1], kind: i32[]) -> { mean: f32[2], spread: f32[3, 2] } {
    let both = concat(x |> dense(3), image |> conv(2) |> flatten)
    let h = concat(both, one_hot(kind, 5)) |> dense(6)
    { mean: h |> dense(2), spread: reshape(exponential(h), [3, 2]) } }`,
  "a field of its result's name": `network N(result: f32[3]) -> f32[3] = result |> dense(3)`,
  "a sequence": `network N(x: f32[5, 4]) -> f32[5, 2] {
    weight W: f32[4, 2] ~ normal(1)
    weight V: f32[5, 5] ~ normal(1)
    V @ (x @ W) }`,
};

const inference = (text: string): Inference => {
  const { networks: found, diagnostics } = compile("a.mtt", new Map([["a.mtt", text]]));
  expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
  const network = found[0]!;
  const parameters = [...network.weights, ...network.states].map(
    ({ path, type }, i) =>
      // Running variances are above 0.
      [
        path,
        tensor(
          type.dtype,
          type.shape,
          numbers(sizeOf(type.shape), i).map((x) => (path.endsWith("variance") ? x + 1.5 : x / 2)),
        ),
      ] as const,
  );
  return inferenceOf(network, Object.fromEntries(parameters));
};

const fieldsOf = ({ network }: Inference, size: number): readonly Tensor[] =>
  network.fields.map(({ type: { dtype, shape } }, i) =>
    tensor(
      dtype,
      [size, ...shape],
      numbers(size * sizeOf(shape), 31 + i).map((x) => (dtype === "i32" ? Math.floor(2.5 * (x + 1)) : x)),
    ),
  );

const close = (got: ArrayLike<number>, wanted: ArrayLike<number>) => {
  expect(got.length).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++)
    expect(Math.abs(got[i]! - wanted[i]!)).toBeLessThanOrEqual(2e-5 * (1 + Math.abs(wanted[i]!)));
};

const SIZES = [1, 2, 7];
const expected = (of: Inference, size: number) => evaluate(of.graph(size), [...of.parameters, ...fieldsOf(of, size)]);

describe("a network in another format gives what it gave", () => {
  for (const [name, text] of Object.entries(networks)) {
    it(`ONNX: ${name}`, async () => {
      const of = inference(text);
      const ort = loadOrt();
      const session = await ort.InferenceSession.create(onnxFile(of));
      expect(session.inputNames).toEqual(of.network.fields.map((field) => field.name));
      for (const size of SIZES) {
        const fed = fieldsOf(of, size).map(({ dtype, shape, data }, i) => [
          of.network.fields[i]!.name,
          new ort.Tensor(dtype === "i32" ? "int32" : "float32", data, shape),
        ]);
        const results = await session.run(Object.fromEntries(fed));
        for (const [i, wanted] of expected(of, size).entries()) {
          const got = results[session.outputNames[i]!]!;
          expect(got.dims).toEqual(wanted.shape);
          close(got.data as Float32Array, wanted.data);
        }
      }
      const own = of.network.results.map((result) => result.name);
      expect(session.outputNames).toEqual(name.startsWith("a field of its") ? ["result_result"] : own);
      await session.release();
    });

    it(`SavedModel: ${name}`, () => {
      const of = inference(text);
      const binding = engine({ threads: 2 });
      const folder = mkdtempSync(join(tmpdir(), "mtt-export-"));
      writeFileSync(join(folder, "saved_model.pb"), savedModelFile(of));
      const session = binding.loadSavedModel(folder, TAG);
      rmSync(folder, { recursive: true });
      try {
        for (const size of SIZES) {
          const ids = fieldsOf(of, size).map(({ dtype, shape, data }) => {
            if (data instanceof Float64Array) throw new TypeError("f64 is refused");
            return binding.createTensor(shape, dtype === "i32" ? binding.TF_INT32 : binding.TF_FLOAT, data);
          });
          const wanted = expected(of, size);
          const outputs = binding.runSavedModel(
            session,
            ids,
            ids.map((_, i) => `feed${i}`).join(),
            wanted.map((_, i) => `answer${i}`).join(),
          );
          for (const [i, { data }] of wanted.entries()) close(binding.tensorDataSync(outputs[i]!.id), data);
          for (const id of [...ids, ...outputs.map((output) => output.id)]) binding.deleteTensor(id);
        }
      } finally {
        binding.deleteSavedModel(session);
      }
    });
  }
});
