/** `npm run bench:parts`: pieces of our own that have no rival, each with the time it may take, and texts by how their time grows. Exit 1 where one misses. */

import { compile } from "../src/compile.ts";
import { gatherInto } from "../src/data/gather.ts";
import { drawGlyphs } from "../src/data/glyphs.ts";
import { makeColumn, makeSource } from "../src/data/view.ts";
import type { Field } from "../src/plan/dataset.ts";
import { fillRandomBits } from "../src/random/random.ts";
import { parse } from "../src/syntax/parse.ts";

const TURNS = 20;

const once = (work: () => void): number => {
  const start = performance.now();
  work();
  return performance.now() - start;
};
const least = (work: () => void, turns = TURNS): number => {
  work();
  return Math.min(...Array.from({ length: turns }, () => once(work)));
};

const image: Field = { name: "image", type: { dtype: "f32", shape: [28, 28, 1] } };
const label: Field = { name: "label", type: { dtype: "i32", shape: [] }, classes: 10 };

const digits = 4096;
const pixels = makeSource(
  [
    makeColumn(
      image,
      Uint8Array.from({ length: digits * 784 }, (_, k) => (k % 5 === 0 ? k : 0)),
      1 / 255,
    ),
    makeColumn(label, new Uint8Array(digits)),
  ],
  "bench",
);
const positions = Int32Array.from({ length: 256 }, (_, k) => (k * 7919) % digits);
const batch = new Float32Array(256 * 784);
const keys = new Int32Array(400);
const bits = new Int32Array(10_000);

/** Milliseconds, the least of several turns, and what it may be. */
const rows: readonly (readonly [string, () => number, number])[] = [
  ["10,000 random words", () => least(() => fillRandomBits(keys, "keep", 100, bits)), 2],
  ["a batch of 256 digits gathered", () => least(() => gatherInto(pixels, "image", positions, "f32", batch)), 1],
  [
    "2,000 digits drawn",
    () => least(() => void drawGlyphs({ part: "train", n: 2000, seed: 1, shape: [28, 28, 1] }, [image, label]), 3),
    700,
  ],
];

const declarations = (n: number) =>
  [
    ...Array.from({ length: n }, (_, i) => `let width${i} = ${i === 0 ? "8" : `width${i - 1} + 1`}`),
    ...Array.from({ length: n }, (_, i) => `block b${i}(x: f32[n]) -> f32[width${i}] = x |> dense(width${i}) |> relu`),
  ].join("\n");
const parsed = (text: string) => least(() => void parse("bench.mtt", text), 5);
const checked = (text: string) => least(() => void compile("bench.mtt", new Map([["bench.mtt", text]])), 3);

/** A text of n pieces: eight times as many may take thirty times as long; a square would be 64. */
const growing: readonly (readonly [string, (n: number) => string, (text: string) => number])[] = [
  ["declarations parsed", (n) => "let x = f(1, b: [1, 2]) |> g\n".repeat(n), parsed],
  ["errors parsed", (n) => "let x =\n".repeat(n), parsed],
  ["one line parsed", (n) => `let x = [${"1, ".repeat(n)}]`, parsed],
  ["stages parsed", (n) => `let x = a${" |> f".repeat(n)}`, parsed],
  ["signs parsed", (n) => `let x = ${"-".repeat(n)}1`, parsed],
  ["open brackets parsed", (n) => `let x = ${"f([{a:".repeat(n)}`, parsed],
  ["closing brackets parsed", (n) => ")".repeat(n), parsed],
  ["wrong brackets parsed", (n) => "let x = (]\n".repeat(n), parsed],
  ["unclosed brackets parsed", (n) => "let x = f(1\n".repeat(n), parsed],
  ["junk parsed", (n) => "$ ".repeat(n), parsed],
  ["comments parsed", (n) => "/// a\n".repeat(n), parsed],
  ["quotes parsed", (n) => "'a' ".repeat(n), parsed],
  ["declarations checked", (n) => declarations(n / 4), checked],
];
const [SHORT, LONG, GROWTH] = [500, 4000, 30];

let missed = 0;
const say = (work: string, measured: string, goal: string, met: boolean) => {
  if (!met) missed++;
  console.log(`| ${work} | ${measured} | ${goal} | ${met ? "met" : "missed"} |`);
};
console.log("| work | measured | at most | |\n|---|---|---|---|");
for (const [work, measure, goal] of rows) {
  const found = measure();
  say(work, `${found.toFixed(2)} ms`, `${goal} ms`, found <= goal);
}
for (const [work, make, measure] of growing) {
  // What is too short to be measured counts as a fifth of a millisecond.
  const [short, long] = [Math.max(0.2, measure(make(SHORT))), measure(make(LONG))];
  say(
    `${work}, ${LONG} against ${SHORT}`,
    `${(long / short).toFixed(1)} times`,
    `${GROWTH} times`,
    long / short <= GROWTH,
  );
}
if (missed > 0) process.exitCode = 1;
