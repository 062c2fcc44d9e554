import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, describe, expect, it } from "vitest";
import { loadOrt } from "../../src/backend/onnx.ts";
import { npyBytes, npyHeader } from "../../src/execute/array-file.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { folderOf, mtt, removeFolders, small } from "./mtt.ts";

afterAll(removeFolders);

const npy = (shape: readonly number[], values: ArrayLike<number>): Buffer => {
  const array = tensor("f32", shape, values);
  return Buffer.concat([npyHeader("f32", shape), npyBytes(array)]);
};

const pixels = Uint8Array.from({ length: 784 }, (_, i) => (i * 7) % 256);
const three = Float32Array.from({ length: 3 * 784 }, (_, i) => ((i * 7) % 256) / 255);

describe("a model that is asked about examples of one's own", () => {
  const cwd = folderOf({
    "p.mtt": small,
    "x.npy": npy([3, 28, 28, 1], three),
    "one.npy": npy([28, 28, 1], three.subarray(0, 784)),
    "flat.npy": npy([3, 784], three),
    "nan.npy": npy([28, 28, 1], three.subarray(0, 784).with(5, Number.NaN)),
    "one.png": encode({ width: 28, height: 28, channels: 1, depth: 8, data: pixels }),
    "small.png": encode({ width: 8, height: 8, channels: 1, depth: 8, data: new Uint8Array(64) }),
  });
  const predict = (...args: readonly string[]) => mtt(["predict", "p.mtt", "model", ...args], { cwd });

  it("says of each example what the exported network says of it, from arrays and pictures", async () => {
    const { code, stdout, stderr } = await predict("--input", "x.npy", "--format", "json");
    expect([code, stderr]).toEqual([0, ""]);
    const said = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const exported = await mtt(["export", "p.mtt", "model", "--to", "model.onnx"], { cwd });
    expect(exported.stdout).toMatch(/^model\.onnx: model, [\d,]+ bytes, sha256 [0-9a-f]{64}\n$/);
    const ort = loadOrt();
    const session = await ort.InferenceSession.create(readFileSync(join(cwd, "model.onnx")));
    const { result } = await session.run({ image: new ort.Tensor("float32", three, [3, 28, 28, 1]) });
    for (const [i, { example, input, result: logits, predicted, probabilities }] of said.entries()) {
      expect([example, input]).toEqual([i, `x.npy[${i}]`]);
      for (const [k, logit] of logits.entries()) expect(logit).toBeCloseTo(Number(result!.data[i * 10 + k]), 5);
      expect(logits[predicted]).toBe(Math.max(...logits));
      const sum = logits.reduce((total: number, logit: number) => total + Math.exp(logit), 0);
      for (const [k, p] of probabilities.entries()) expect(p).toBeCloseTo(Math.exp(logits[k]) / sum, 9);
    }
    await session.release();
    for (const file of ["one.npy", "one.png", "image=one.png"]) {
      const one = await predict("--input", file, "--format", "json");
      expect(JSON.parse(one.stdout)).toEqual({ ...said[0], input: file.replace("image=", "") });
    }
    const human = await predict("--input", "one.png");
    const { predicted, probabilities } = said[0];
    expect(human.stdout).toContain(`one.png: ${predicted} (${(100 * probabilities[predicted]).toFixed(1)} %), then `);
  });

  it.each([
    ["flat.npy", 3, "error[MTT5508]: flat.npy: `image` is declared f32[28, 28, 1], and the file holds <f4 [3, 784]"],
    ["small.png", 3, "small.png is 8 x 8 pixels, and `image` is declared 28 x 28"],
    ["nan.npy", 3, "error[MTT5206]: `model` says NaN of nan.npy"],
    ["nowhere.npy", 3, "error[MTT5502]: cannot read nowhere.npy: it does not exist"],
    ["x.jpg", 3, "x.jpg is of no format that an example is read from"],
    ["imag=x.npy", 2, "there is no field `imag`; did you mean `image`?"],
  ])("%s is refused", async (input, exit, says) => {
    const { code, stdout, stderr } = await predict("--input", input);
    expect(stderr).toContain(says);
    expect(stderr).toContain("help: ");
    expect(stderr).not.toMatch(/bug in mtt|^\s+at /m);
    expect([code, stdout]).toEqual([exit, ""]);
  });

  it("looks at the input before it trains", async () => {
    const { stderr } = await mtt(["predict", "p.mtt", "model", "--input", "flat.npy", "--store", "empty"], { cwd });
    expect(stderr).toContain("MTT5508");
    expect(stderr).not.toContain("epoch");
  });

  it("takes a file for every field of the network, and prints what is no class", async () => {
    writeFileSync(join(cwd, "a.npy"), npy([2, 3], [1, 2, 3, 4, 5, 6]));
    writeFileSync(join(cwd, "b.npy"), npy([2], [10, 20]));
    writeFileSync(join(cwd, "y.npy"), npy([2, 1], [0, 0]));
    writeFileSync(
      join(cwd, "two.mtt"),
      `let pairs = npy(fields: { a: "a.npy" as f32[3], b: "b.npy" as f32[], label: "y.npy" as f32[1] })
network Sum(a: f32[3], b: f32[]) -> f32[1] { weight w: f32[1] ~ constant(2)
  w * (reduce_sum(a) + b) }
train model { network: Sum, data: pairs, loss: mean_squared_error, optimizer: sgd(0.1), epochs: 0 }
`,
    );
    const ask = (...inputs: readonly string[]) =>
      mtt(["predict", "two.mtt", "model", ...inputs.flatMap((input) => ["--input", input])], { cwd });
    expect((await ask("b=b.npy", "a=a.npy")).stdout).toBe("b.npy, a.npy[0]: 32\nb.npy, a.npy[1]: 70\n");
    const refusals: readonly [readonly string[], string][] = [
      [["a.npy"], "--input a.npy: which field is it?"],
      [["a=a.npy"], "no --input gives `b`, which the network reads"],
      [["a=a.npy", "a=b.npy"], "`a` is given twice"],
    ];
    for (const [inputs, says] of refusals) {
      const { code, stderr } = await ask(...inputs);
      expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
    }
  });
});
