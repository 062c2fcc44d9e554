import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../../src/shape/tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/store/safetensors.ts";
import { npz } from "../data/zip.ts";
import { finished, folderOf, mtt, removeFolders, small } from "./mtt.ts";

afterAll(removeFolders);

const started = (file: string, optimizer = "adam(rate: rate)"): string =>
  small
    .replace("epochs: epochs", `epochs: 0\n  start: weights("${file}")`)
    .replace("adam(rate: rate)", optimizer)
    .replace("assert on_test.accuracy > 0.05", "assert on_test.accuracy >= 0");

describe("a model that goes out as a file and comes back", () => {
  const cwd = folderOf({ "small.mtt": small, "again.mtt": started("model.safetensors") });
  const exported = (...more: readonly string[]) =>
    mtt(["export", "small.mtt", "model", "--to", "model.safetensors", ...more], { cwd });

  it("is trained where it is not stored, has the network's names, and judges as before", async () => {
    const first = await exported();
    expect([first.code, first.stdout]).toEqual([
      0,
      expect.stringMatching(/^model\.safetensors: model, [\d,]+ bytes, sha256 [0-9a-f]{64}\n$/),
    ]);
    const bytes = readFileSync(join(cwd, "model.safetensors"));
    expect(Object.entries(decodeSafetensors(bytes)).map(([name, { shape }]) => [name, shape])).toEqual([
      ["layer0/W", [49, 16]],
      ["layer0/b", [16]],
      ["layer1/W", [16, 10]],
      ["layer1/b", [10]],
    ]);
    const [was, is] = await Promise.all(
      ["small.mtt", "again.mtt"].map(async (file) => {
        const { code, stdout } = await mtt(["run", file, "--format", "json", "--store", `store-of-${file}`], { cwd });
        expect(code).toBe(0);
        return finished(stdout).steps;
      }),
    );
    expect(is!.model!.result).toMatchObject({ parameters: was!.model!.result.parameters });
    expect(is!.on_test!.result).toEqual(was!.on_test!.result);
    // The same bytes again, and nothing trained for them.
    const again = await exported();
    expect(again.stdout).toBe(first.stdout);
    expect(readFileSync(join(cwd, "model.safetensors"))).toEqual(bytes);
  });

  it("comes back from NumPy's format under the same key", async () => {
    const arrays = decodeSafetensors(readFileSync(join(cwd, "model.safetensors")));
    writeFileSync(join(cwd, "model.npz"), npz(arrays));
    writeFileSync(join(cwd, "npz.mtt"), started("model.npz"));
    const run = async (file: string) => {
      const { code, stdout } = await mtt(["run", file, "on_test", "--format", "json", "--store", "of-npz"], { cwd });
      expect(code).toBe(0);
      return finished(stdout).steps;
    };
    const first = await run("again.mtt");
    expect((await run("npz.mtt")).on_test).toMatchObject({ status: "cached", key: first.on_test!.key });
    const { "layer0/W": W, ...others } = arrays;
    writeFileSync(join(cwd, "model.npz"), npz({ ...others, "layer0/w": W! }));
    const { code, stderr } = await mtt(["run", "npz.mtt"], { cwd });
    expect([code, stderr]).toEqual([3, expect.stringContaining("is it the file's `layer0/w`?")]);
    writeFileSync(
      join(cwd, "model.npz"),
      npz({ ...arrays, more: { ...W!, shape: [10 ** 6], data: new Float32Array(10 ** 6) } }),
    );
    const large = await mtt(["run", "npz.mtt"], { cwd });
    expect([large.code, large.stderr]).toEqual([
      3,
      expect.stringContaining('error[MTT5404]: `model` failed: weights("model.npz"): model.npz unfolds to 3.8 MiB'),
    ]);
  });

  it.each([
    [["export", "small.mtt", "modell", "--to", "m.safetensors"], 2, "has no step `modell`; did you mean `model`?"],
    [["export", "small.mtt", "on_test", "--to", "m.safetensors"], 2, "`on_test` is no model"],
    [["export", "small.mtt", "model", "--to", "m.pickle"], 2, "`m.pickle` is of no format that mtt writes"],
    [["export", "small.mtt", "model", "--to", "m.onx"], 2, "did you mean `.onnx`?"],
    [["export", "small.mtt", "model", "--to", "saved"], 2, "saved_model/ (a folder ends with a slash)"],
    [["export", "small.mtt", "model", "--to", "small.mtt/"], 3, "error[MTT5408]: small.mtt/saved_model.pb"],
    [["export", "small.mtt", "model", "--to", "nowhere/m.safetensors"], 3, "error[MTT5408]: nowhere/m.safetensors"],
  ] as const)("%j is refused", async (args, exit, says) => {
    const { code, stderr } = await mtt(args, { cwd });
    expect(stderr).toContain(says);
    expect(stderr).toContain("help: ");
    expect(code).toBe(exit);
  });
});

describe("weights that do not fit", () => {
  const f32 = (...shape: readonly number[]): Tensor => ({
    dtype: "f32",
    shape,
    data: new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(0.01),
  });
  const fitting = { "layer0/W": f32(49, 16), "layer0/b": f32(16), "layer1/W": f32(16, 10), "layer1/b": f32(10) };
  const { "layer1/b": _, ...lacking } = fitting;
  const cwd = folderOf();
  const file = "x.safetensors";
  beforeAll(() => {
    writeFileSync(join(cwd, "adam.mtt"), started(file));
    writeFileSync(join(cwd, "lbfgs.mtt"), started(file, "lbfgs()"));
  });

  it.each<readonly [string, Readonly<Record<string, Tensor>>, string, string]>([
    [
      "a name that is nearly right",
      { ...lacking, "layer1/B": f32(10) },
      "it has no `layer1/b`",
      "is it the file's `layer1/B`?",
    ],
    ["a name that is not there", lacking, "it has no `layer1/b`", "the file holds layer0/W, layer0/b, layer1/W"],
    [
      "a shape",
      { ...fitting, "layer0/W": f32(16, 49) },
      "`layer0/W` is [49, 16], and the file's is [16, 49]",
      "mtt shapes",
    ],
    [
      "a type",
      { ...fitting, "layer0/b": { dtype: "i32", shape: [16], data: new Int32Array(16) } },
      "`layer0/b` is f32, and the file's is i32",
      "convert the file's",
    ],
    [
      "more than there is",
      { ...fitting, "layer2/W": f32(3) },
      "the network has no `layer2/W`",
      "belongs to another network",
    ],
  ])("%s", async (_, arrays, says, help) => {
    writeFileSync(join(cwd, file), encodeSafetensors(arrays));
    for (const program of ["adam.mtt", "lbfgs.mtt"]) {
      const { code, stderr } = await mtt(["run", program], { cwd });
      expect(stderr).toContain(`error[MTT5203]: \`model\` failed: the weights ${file} do not fit \`Pooled\`: ${says}`);
      expect(stderr).toContain(help);
      expect(stderr).not.toMatch(/bug in mtt|^\s+at /m);
      expect(code).toBe(3);
    }
  });
});
