import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { tensor } from "../../src/shape/tensor.ts";
import { png } from "../data/png.ts";
import { idx } from "../data/support.ts";
import { npyOf, npz } from "../data/zip.ts";
import { finished, folderOf, mtt, removeFolders } from "./mtt.ts";

afterAll(removeFolders);

type Files = Record<string, Uint8Array>;

/** `count` pictures of each class, brighter with the class. */
const pictures = (folder: string, classes: readonly string[], side: number, colour: 0 | 2 | 6, count = 8): Files => {
  const channels = { 0: 1, 2: 3, 6: 4 }[colour];
  return Object.fromEntries(
    classes.flatMap((name, k) =>
      Array.from({ length: count }, (_, i) => {
        const line = Array.from({ length: side * channels }, (__, x) => (60 * k + 7 * i + 3 * x) % 256);
        return [
          `${folder}${name}/${i}.png`,
          png(
            side,
            side,
            8,
            colour,
            Array.from({ length: side }, () => line),
          ),
        ];
      }),
    ),
  );
};

const bytesOf = (n: number, size: number): Uint8Array =>
  Uint8Array.from({ length: n * size }, (_, i) => (i * 37) % 256);
const labelsOf = (n: number, classes: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i % classes);
const floats = (shape: readonly number[]) =>
  tensor(
    "f32",
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
  );
const integers = (n: number, classes: number) => tensor("i32", [n], [...labelsOf(n, classes)]);

/** Begins a project, and has it checked, formatted and run as it is. */
const begun = async (files: Files, from: string) => {
  const cwd = folderOf(files);
  const made = await mtt(["init", "--from", from], { cwd });
  expect([made.code, made.stderr.includes("next:")], made.stderr).toEqual([0, true]);
  const program = made.stdout.trimEnd();
  expect(await mtt(["check", program], { cwd })).toMatchObject({ code: 0, stdout: "", stderr: "" });
  expect((await mtt(["fmt", "--check", program], { cwd })).code).toBe(0);
  const run = await mtt(["run", program, "--set", "epochs=1", "--format", "json"], { cwd });
  expect(run.code, run.stdout.slice(-1500)).toBe(0);
  const { status, steps } = finished(run.stdout);
  expect(status).toBe("done");
  return { program, text: readFileSync(join(cwd, program), "utf8"), steps };
};

const mnist: Files = {
  "train-images-idx3-ubyte": idx([40, 12, 9], bytesOf(40, 108)),
  "train-labels-idx1-ubyte": idx([40], labelsOf(40, 4)),
};

describe("mtt init --from", () => {
  it.each<[string, Files, string, string, string, string, number]>([
    [
      "pictures in a folder for each class",
      { ...pictures("my pets/", ["cat", "dog", "owl"], 10, 2), "my pets/notes.txt": Uint8Array.of(1) },
      "my pets",
      "my pets.mtt",
      'images("my pets", image: f32[10, 10, 3], classes: ["cat", "dog", "owl"])',
      "parts.first",
      20,
    ],
    [
      "pictures whose tests lie apart, 10 after 9, partly transparent, too small to be halved",
      { ...pictures("in/train/", ["9", "10"], 4, 0), ...pictures("in/val/", ["9", "10"], 4, 6, 3) },
      "in",
      "in.mtt",
      'let for_tests = images("in/val", image: f32[4, 4, 4], classes: ["9", "10"])',
      "for_training",
      16,
    ],
    [
      "IDX files",
      Object.fromEntries(Object.entries(mnist).map(([name, bytes]) => [`raw/${name}`, bytes])),
      "raw",
      "raw.mtt",
      'labels: "raw/train-labels-idx1-ubyte", image: f32[12, 9, 1], classes: 4)',
      "parts.first",
      32,
    ],
    [
      "packed IDX files with tests, which know one class more",
      {
        ...Object.fromEntries(Object.entries(mnist).map(([name, bytes]) => [`raw/${name}.gz`, gzipSync(bytes)])),
        "raw/t10k-images-idx3-ubyte": idx([6, 12, 9], bytesOf(6, 108)),
        "raw/t10k-labels-idx1-ubyte": idx([6], labelsOf(6, 5)),
      },
      "raw",
      "raw.mtt",
      'images: "raw/t10k-images-idx3-ubyte"',
      "for_training",
      40,
    ],
    [
      "an .npz archive with tests",
      {
        "d.npz": npz({
          x_train: floats([30, 8, 8]),
          y_train: integers(30, 3),
          x_test: floats([9, 8, 8]),
          y_test: integers(9, 3),
        }),
      },
      "d.npz",
      "d.mtt",
      'npy(fields: { image: "d.npz/x_test" as f32[8, 8], label: "d.npz/y_test" as class[3] })',
      "for_training",
      30,
    ],
    [
      ".npy files, a number to foretell",
      { "arrays/X.npy": npyOf(floats([25, 6])), "arrays/y.npy": npyOf(floats([25])) },
      "arrays",
      "arrays.mtt",
      'npy(fields: { x: "arrays/X.npy" as f32[6], y: "arrays/y.npy" as f32[] })',
      "parts.first",
      20,
    ],
  ])("%s", async (_, files, from, name, source, train, count) => {
    const { program, text, steps } = await begun(files, from);
    expect(program).toBe(name);
    expect(text.replaceAll(/\s+/g, " ").replaceAll("( ", "(").replaceAll(", )", ")")).toContain(source);
    expect(text).toContain(`data: ${train}`);
    expect(steps[train]?.result.count ?? steps["model.data"]?.result.count).toBe(count);
  });

  it("scales bytes of an array, which NumPy's files of pictures hold", async () => {
    const header = "{'descr': '|u1', 'fortran_order': False, 'shape': (24, 8, 8, 3), }".padEnd(117);
    const head = Buffer.concat([
      Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]),
      Buffer.from(`${header}\n`),
    ]);
    const images = Buffer.concat([head, bytesOf(24, 192)]);
    const { text } = await begun({ "images.npy": images, "labels.npy": npyOf(integers(24, 2)) }, ".");
    expect(text).toContain("image: image / 255");
  });

  it.each<[string, Files, string, string]>([
    ["an empty folder", { "in/notes.txt": Uint8Array.of(1) }, "in", "holds no pictures in folders"],
    ["one class alone", pictures("in/", ["cat"], 4, 0), "in", "holds pictures of one class alone"],
    [
      "pictures of several sizes",
      { ...pictures("in/", ["a"], 4, 0), ...pictures("in/", ["b"], 5, 0) },
      "in",
      "is 4 x 4 pixels, in/b/0.png is 5 x 5",
    ],
    [
      "classes that differ",
      { ...pictures("in/train/", ["a", "b"], 4, 0), ...pictures("in/test/", ["a", "c"], 4, 0) },
      "in",
      "the classes differ: train has a, b, test has a, c",
    ],
    [
      "arrays that are no pair",
      { "d.npz": npz({ u: floats([3]), v: floats([3]) }) },
      "d.npz",
      "holds u, v, of which none",
    ],
    ["a damaged archive", { "d.npz": Uint8Array.of(1, 2, 3) }, "d.npz", "is no .npz file"],
    ["what is not there", {}, "nowhere", "nowhere"],
  ])("refuses %s, and writes nothing", async (_, files, from, message) => {
    const cwd = folderOf(files);
    const before = readdirSync(cwd);
    const { code, stdout, stderr } = await mtt(["init", "--from", from], { cwd });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/ {4}at /);
    expect(readdirSync(cwd)).toEqual(before);
  });
});
