import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

const programsIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".mtt"))
    .sort()
    .map((file) => readFileSync(join(root, folder, file), "utf8"));

/** Every program there is: the right ones, and the wrong ones of the suite too. */
const right = ["stdlib", "pipelines", "test/suite/valid"].flatMap(programsIn);
const corpus = [...right, ...programsIn("test/suite")];

const pieces = (text: string): string[] =>
  text.match(/\/\/[^\n]*|"[^"\n]*"|\s+|\d+x\d+|[\d.]+(?:e-?\d+)?|\w+|\|>|->|<-|[<>=!]=|\.\.\.|[^\s\w]/g) ?? [];
const rightPieces = right.map(pieces);
const corpusPieces = corpus.map(pieces);
const all = corpusPieces.flat();
const names = [...new Set(all.filter((piece) => /^[A-Za-z_]\w*$/.test(piece)))];
const numbers = [
  ...new Set(all.filter((piece) => /^\d/.test(piece))),
  "0",
  "-1",
  "1e308",
  "1e-9",
  "65536",
  "0.5",
  "7x7",
];
const signs = "( ) [ ] { } , : = == != < <= > >= + - * @ / |> -> <- ~ . ... ; ' \" # && || ! \\ $ % ^".split(" ");
const strange = [
  "\u0000",
  "\t",
  "\r\n",
  "\n",
  "é",
  "×",
  "😀",
  "\u{1F600}\u0301",
  "/*",
  "*/",
  "///",
  "// mtt: allow MTT2015",
  ...["for ", " for i in ", "while ", "if ", " else ", "return ", "lambda x", "fn(x) ->", "\ny = "],
];
const operators = new Set(["+", "-", "*", "/", "@", "<", "<=", ">", ">=", "==", "!=", "and", "or"]);

/** Numbers drawn from a seed (mulberry32, Ettinger 2017). */
export class Draw {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  below(n: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }

  of<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }
}

/** The text of one case: a program with one to eight things changed, or (one of five) tokens in any order. */
export function textOf(seed: number, index: number): string {
  const draw = new Draw(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
  return draw.below(5) === 0 ? soup(draw) : mutated(draw);
}

function soup(draw: Draw): string {
  const space = draw.of(["", " ", " "]);
  const token = () => draw.of(draw.of([names, names, numbers, signs, signs, strange]));
  return Array.from({ length: 1 + draw.below(120) }, token).join(space);
}

function mutated(draw: Draw): string {
  const parts = [...draw.of(draw.of([rightPieces, corpusPieces]))];
  const places = (test: (piece: string) => boolean) => parts.flatMap((piece, i) => (test(piece) ? [i] : []));
  /** Puts something in the place of one piece that the test holds of. */
  const replace = (test: (piece: string) => boolean, by: readonly string[]) => {
    const found = places(test);
    if (found.length > 0) parts[draw.of(found)] = draw.of(by);
  };
  const any = () => draw.below(Math.max(1, parts.length));
  const other = () => draw.of(draw.of(corpusPieces));
  const kinds: readonly (() => void)[] = [
    () => replace((piece) => /^[A-Za-z_]/.test(piece), names),
    () => replace((piece) => /^[A-Za-z_]/.test(piece), parts),
    () => replace((piece) => /^\d/.test(piece), numbers),
    () => replace((piece) => operators.has(piece), [...operators]),
    () => misspell(draw, parts),
    () => parts.splice(any(), 1 + draw.below(3)),
    () => parts.splice(any(), 0, parts[any()] ?? ""),
    () => parts.splice(any(), 0, draw.of(draw.of([names, numbers, signs, strange]))),
    () => parts.splice(any(), 0, other()),
    () => parts.splice(any(), draw.below(2), draw.of(signs)),
    () => {
      const [i, j] = [any(), any()];
      [parts[i], parts[j]] = [parts[j] ?? "", parts[i] ?? ""];
    },
    () => {
      // A run of another program's pieces.
      const from = draw.of(corpusPieces);
      const start = draw.below(from.length);
      parts.splice(any(), draw.below(30), ...from.slice(start, start + draw.below(30)));
    },
    () => parts.splice(any()),
    () => {
      // Lines of a program in another order, or twice.
      const lines = parts.join("").split("\n");
      const [from, to] = [draw.below(lines.length), draw.below(lines.length)];
      lines.splice(to, draw.below(2), lines[from]!);
      parts.splice(0, parts.length, ...pieces(lines.join("\n")));
    },
  ];
  // Few changes leave most of a program right, so that the checker gets to see it.
  for (let i = 1 + draw.below(draw.of([1, 1, 2, 8])); i > 0; i--) draw.of(kinds)();
  return parts.join("");
}

function misspell(draw: Draw, parts: string[]): void {
  const found = parts.flatMap((piece, i) => (/^[A-Za-z_]\w/.test(piece) ? [i] : []));
  if (found.length === 0) return;
  const at = draw.of(found);
  const word = parts[at]!;
  const letter = draw.below(word.length);
  parts[at] = word.slice(0, letter) + draw.of(["", "e", word[letter]!.repeat(2)]) + word.slice(letter + 1);
}
