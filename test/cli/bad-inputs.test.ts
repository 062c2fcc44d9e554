import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { bundle, project, start, tiny } from "./support.ts";

let program = "";
beforeAll(async () => {
  program = await bundle();
});

interface Row {
  readonly title: string;
  readonly args: readonly string[];
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly exit: 0 | 1 | 2 | 3;
  /** What a person reads, on either stream. */
  readonly says: string;
}

const run = ["run", "tiny.mtt"] as const;
const big = (weights: string) => tiny.replace("dense(10)\n", `dense(${weights}) |> dense(10)\n`);
/** An IDX header and its bytes: labels 0 … 9, one of them out of range. */
const labels = Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 3, 1, 77, 2]);
const images = Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2, ...Array(12).fill(9)]);
const idx = `let digits = idx(images: "i.idx", labels: "l.idx", image: f32[2, 2, 1], classes: 10)
network Small(image: f32[2, 2, 1]) -> f32[10] = image |> flatten |> dense(10)
train model { network: Small, data: digits, loss: softmax_cross_entropy, optimizer: sgd(0.1), batch: 2, epochs: 1 }
`;

/** Every bad input with its exit code and what is said. */
const rows: readonly Row[] = [
  { title: "an empty file", files: { "tiny.mtt": "" }, args: run, exit: 0, says: "" },
  { title: "a missing file", args: ["run", "none.mtt"], exit: 2, says: "there is no file none.mtt" },
  { title: "a folder", args: ["check", "."], exit: 2, says: "is not a file" },
  {
    title: "a line of 10 MB",
    files: { "tiny.mtt": `let a = ${"1 + ".repeat(2.5e6)}1` },
    args: run,
    exit: 1,
    says: "MTT1",
  },
  {
    title: "bytes that are no text",
    files: { "tiny.mtt": Uint8Array.from({ length: 400 }, (_, i) => (i * 37) % 256) },
    args: run,
    exit: 1,
    says: "MTT1",
  },
  {
    title: "a cyclic import",
    files: {
      "tiny.mtt": 'import { b } from "./b.mtt"\nblock a(x: f32[n]) -> f32[n] = x |> b',
      "b.mtt": 'import { a } from "./tiny.mtt"\nblock b(x: f32[n]) -> f32[n] = x |> a',
    },
    args: run,
    exit: 1,
    says: "import each other",
  },
  {
    title: "a missing import",
    files: { "tiny.mtt": 'import { b } from "./b.mtt"' },
    args: run,
    exit: 1,
    says: 'there is no file "./b.mtt"',
  },
  { title: "weights beyond memory", files: { "tiny.mtt": big("100000000") }, args: run, exit: 1, says: "MTT4001" },
  {
    title: "a batch larger than the data",
    files: { "tiny.mtt": tiny.replace("batch: 64", "batch: 6400") },
    args: run,
    exit: 3,
    says: "a batch has 6400 examples, and the data has 600",
  },
  {
    title: "a label out of range",
    files: { "tiny.mtt": idx, "i.idx": images, "l.idx": labels },
    args: run,
    exit: 3,
    says: "77",
  },
  {
    title: "a data file cut short",
    files: { "tiny.mtt": idx, "i.idx": images.subarray(0, 20), "l.idx": labels },
    args: run,
    exit: 3,
    says: "i.idx",
  },
  { title: "a missing data file", files: { "tiny.mtt": idx }, args: run, exit: 3, says: "i.idx" },
  {
    title: "no data and no network",
    files: { "tiny.mtt": tiny.replace("glyphs(n: 600, seed: 1)", "mnist()") },
    args: run,
    exit: 3,
    says: "MTT_MNIST_URL",
  },
  {
    title: "a store that cannot be",
    files: { "tiny.mtt": tiny, file: "" },
    args: [...run, "--store", "file/store"],
    exit: 3,
    says: "--store DIR",
  },
  { title: "an unknown command", args: ["frobnicate"], exit: 2, says: "frobnicate" },
  { title: "an unknown flag", files: { "tiny.mtt": tiny }, args: [...run, "--sett", "a=1"], exit: 2, says: "--sett" },
  {
    title: "an unknown target",
    files: { "tiny.mtt": tiny },
    args: [...run, "modle"],
    exit: 2,
    says: "did you mean `model`?",
  },
  {
    title: "an unknown backend",
    files: { "tiny.mtt": tiny },
    args: [...run, "--backend", "torch"],
    exit: 2,
    says: "torch",
  },
  { title: "an unknown device", files: { "tiny.mtt": tiny }, args: [...run, "--device", "gpu"], exit: 2, says: "gpu" },
  {
    title: "an unknown param",
    files: { "tiny.mtt": tiny },
    args: [...run, "--set", "epoch=1"],
    exit: 2,
    says: "did you mean `epochs`?",
  },
  {
    title: "a param of the wrong type",
    files: { "tiny.mtt": tiny },
    args: [...run, "--set", "epochs=many"],
    exit: 2,
    says: "many",
  },
  {
    title: "an unknown key of mtt.yaml",
    files: { "tiny.mtt": tiny, "mtt.yaml": "stor: here" },
    args: run,
    exit: 2,
    says: "did you mean `store`?",
  },
  {
    title: "an mtt.yaml that is none",
    files: { "tiny.mtt": tiny, "mtt.yaml": "a: [1" },
    args: run,
    exit: 2,
    says: "mtt.yaml",
  },
  {
    title: "an unknown step to explain",
    files: { "tiny.mtt": tiny },
    args: ["explain", "tiny.mtt", "modl"],
    exit: 2,
    says: "did you mean `model`?",
  },
  { title: "an unknown code to explain", args: ["explain", "MTT9999"], exit: 2, says: "MTT9999" },
  {
    title: "an unknown network to show",
    files: { "tiny.mtt": tiny },
    args: ["shapes", "tiny.mtt", "Smal"],
    exit: 2,
    says: "did you mean `Small`?",
  },
  {
    title: "a format that is none",
    files: { "tiny.mtt": tiny },
    args: ["check", "tiny.mtt", "--format", "xml"],
    exit: 2,
    says: "xml",
  },
];

describe("bad input", () => {
  for (const { title, args, files = {}, exit, says } of rows) {
    it(`${title}: exit ${exit}`, async () => {
      const folder = project(files);
      mkdirSync(join(folder, "nothing"));
      const env = { MTT_MNIST_URL: "http://127.0.0.1:9/" };
      const { code, out, err } = await start(program, folder, args, env).ended;
      const said = `${out}${err}`;
      expect(said).toContain(says);
      expect(code).toBe(exit);
      // Never a stack trace for a user's mistake.
      expect(said).not.toMatch(/\n\s+at \S+ \(|this is a bug/);
    });
  }
});
