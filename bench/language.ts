import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { compile } from "../src/compile.ts";
import { format } from "../src/format/format.ts";
import { type Row, round, rowOf } from "./rows.ts";

// What a person waits for at the keyboard: a long program checked and formatted, and whole processes of the command line.

const root = join(import.meta.dirname, "..");
const LINES = 10_000;

/** A program of so many lines: networks of different sizes over views of the same data, each trained, tested and asserted about. */
export function longProgram(lines: number): string {
  const head = ["/// A long program.", "let digits = mnist(fallback: glyphs(n: 1000))", ""];
  const unit = (i: number): readonly string[] => [
    `/// Experiment ${i}.`,
    `let some${i} = digits.train |> where(label != ${i % 10}) |> take(${1000 + i})`,
    `param rate${i}: float = ${(1e-3 * (1 + (i % 7))).toFixed(4)}`,
    "",
    `block head${i}(x: f32[n], units: int = ${8 + (i % 5)}) -> f32[units] {`,
    `  let hidden = x |> dense(${16 + (i % 9)}) |> relu   // the first layer`,
    "  hidden |> dropout(keep: 0.5) |> dense(units)",
    "}",
    "",
    `network Net${i}(image: f32[28, 28, 1]) -> f32[10] =`,
    "  image",
    `  |> conv(${2 + (i % 4)}, kernel: 3x3, stride: 2x2) |> lrelu(0.2)`,
    `  |> max_pool(2x2, pad: same)`,
    "  |> flatten",
    `  |> head${i}`,
    "  |> dense(10)",
    "",
    `train model${i} {`,
    `  network: Net${i}`,
    `  data: some${i}`,
    "  loss: softmax_cross_entropy",
    `  optimizer: adam(rate: rate${i})`,
    "  batch: 128",
    `  epochs: ${1 + (i % 3)}`,
    "}",
    "",
    `evaluate tested${i} {`,
    `  model: model${i}`,
    "  data: digits.test",
    "  metrics: [accuracy, loss]",
    "}",
    "",
    `assert tested${i}.accuracy >= 0.5, "experiment ${i} learns"`,
    "",
  ];
  const text = [...head];
  for (let i = 0; text.length < lines; i++) text.push(...unit(i));
  return `${text.slice(0, lines).join("\n")}\n`;
}

/** At the end of a unit, so that what was cut off is no error. */
const whole = (text: string): string => text.slice(0, text.lastIndexOf("\nassert"));

interface Limited {
  readonly work: string;
  /** Milliseconds at most. */
  readonly limit: number;
  readonly once: () => void;
}

function works(): readonly Limited[] {
  const text = whole(longProgram(LINES + 40));
  const size = `${text.split("\n").length.toLocaleString("en")} lines`;
  const process_ = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, "bin/mtt.js"), ...args], { encoding: "utf8" });
    if (status !== 0) throw new Error(`mtt ${args.join(" ")} ended with ${status}: ${stderr}`);
  };
  return [
    {
      work: `check of ${size}`,
      limit: 1000,
      once: () => {
        const { diagnostics } = compile("long.mtt", new Map([["long.mtt", text]]));
        if (diagnostics.length > 0) throw new Error(diagnostics[0]!.message);
      },
    },
    {
      work: `format of ${size}`,
      limit: 1000,
      once: () => {
        if (typeof format(text, "long.mtt") !== "string") throw new Error("the long program does not parse");
      },
    },
    {
      work: "mtt check pipelines/mnist.mtt",
      limit: 600,
      once: () => process_("check", join(root, "pipelines/mnist.mtt")),
    },
    { work: "mtt --help", limit: 400, once: () => process_("--help") },
  ];
}

/** The rows of those that are wanted; the first of so many turns warms up. */
export function languageRows(turns: number, wanted: (work: string) => boolean): readonly Row[] {
  return works()
    .filter(({ work }) => wanted(work))
    .map(({ work, limit, once }) => {
      const times: number[] = [];
      for (let turn = 0; turn <= turns; turn++) {
        const begin = performance.now();
        once();
        if (turn > 0) times.push(performance.now() - begin);
      }
      const row = rowOf({ work, backend: "-", engine: `node ${process.versions.node}`, goal: 1 }, times, {});
      return { ...row, ratio: round(row.ours / limit), note: `at most ${limit}` };
    });
}
