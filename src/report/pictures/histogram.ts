import * as Effect from "effect/Effect";
import type { StepFailure } from "../../execute/failure.ts";
import { noSuchTest, SCORES } from "../../execute/kinds/influence.ts";
import type { Shown } from "../../execute/reports.ts";
import { html } from "../html.ts";
import { showNumber } from "../number.ts";
import { type Argument, type Asked, cannotShow, type Picture, readArgument } from "../picture.ts";
import { axis, plot } from "../plot.ts";

const BINS = 40;

/** Numbers that may be too many to be held at once: `each` is given them part by part, as often as they are asked for. */
interface Values {
  readonly name: string;
  readonly read: (each: (part: ArrayLike<number>) => void) => Effect.Effect<void, StepFailure>;
  /** Most of them lie close to zero, and the few that matter far from it: the counts' axis is logarithmic. */
  readonly peaked?: true;
}

/** How values are spread: the losses of an evaluation's examples, the scores of an influence, or a list of figures. */
export const histogram: Picture = Effect.fnUntraced(function* ({ of = null, bins = BINS }, inputs) {
  const { name, read, peaked = false } = yield* valuesOf(yield* readArgument(of, inputs));
  const range = new Range();
  yield* read((part) => range.add(part));
  if (range.count === 0)
    return yield* cannotShow(
      "`histogram` shows numbers, and there is none",
      "`histogram(on_test)` shows an evaluation's losses, `histogram(blame)` an influence's scores",
    );
  const spread = new Spread(range, typeof bins === "number" ? Math.max(1, Math.floor(bins)) : BINS);
  yield* read((part) => spread.add(part));
  const { edges, counts } = spread;
  const count = axis("count", { nameGap: 44 });
  return {
    title: `Histogram of ${name}`,
    body: html`<figure>${plot(`histogram of ${name}`, {
      xAxis: axis(name, {
        type: "category",
        data: counts.map((_, i) => showNumber((edges[i]! + edges[i + 1]!) / 2)),
        splitLine: { show: false },
      }),
      yAxis: peaked ? { ...count, type: "log" } : count,
      // The logarithm of one is zero: its bar is a line that can be seen, and an empty bin has none.
      series: [
        peaked
          ? { type: "bar", data: counts.map((n) => (n === 0 ? null : n)), barCategoryGap: 1, barMinHeight: 3 }
          : { type: "bar", data: counts, barCategoryGap: 1 },
      ],
    })}<figcaption>${showNumber(range.count)} values of ${name}, from ${showNumber(edges[0]!)} to ${showNumber(edges.at(-1)!)}</figcaption></figure>`,
  };
});

const known = (name: string, numbers: readonly number[]): Values => ({
  name,
  read: (each) => Effect.sync(() => each(numbers)),
});

const valuesOf = (argument: Argument) =>
  Effect.gen(function* () {
    switch (argument.kind) {
      case "step": {
        const { name, shown, asked } = argument;
        if (asked !== undefined) return yield* scoresOf(name, shown, asked);
        const { losses } = yield* shown.arrays("examples");
        return losses === undefined ? known(name, []) : known(`loss of ${name}`, [...losses.data]);
      }
      case "list":
        return known(
          "value",
          argument.items.map((item) => (item.kind === "value" ? Number(item.value) : Number.NaN)),
        );
      case "value":
        return known(argument.name ?? "value", [Number(argument.value)]);
      default:
        return known("value", []);
    }
  });

/** The scores for every test example, for one of them, or of the examples on themselves. */
const scoresOf = Effect.fnUntraced(function* (name: string, shown: Shown, asked: Asked) {
  if (asked.test === undefined) {
    const { totals } = yield* shown.arrays("summary");
    return {
      ...known(`score of ${name}`, totals === undefined ? [] : [...totals.data]),
      peaked: true,
    } satisfies Values;
  }
  const tests = asked.test.data?.index.length ?? 0;
  const { row } = asked;
  if (row !== undefined && row >= tests) return yield* noSuchTest(row, tests);
  const [from, to] = row === undefined ? [0, tests] : [row, row + 1];
  const values: Values = {
    name: row === undefined ? `score of ${name}` : `score of ${name}, test example ${row}`,
    read: Effect.fnUntraced(function* (each) {
      for (let i = from; i < to; i++) {
        const scores = yield* shown.rows(SCORES, i, i + 1);
        if (scores !== undefined) each(scores.data);
      }
    }),
    peaked: true,
  };
  return values;
});

/** The smallest and the largest of the numbers, and how many there are; what is infinite or no number is none. */
export class Range {
  low = Number.POSITIVE_INFINITY;
  high = Number.NEGATIVE_INFINITY;
  count = 0;

  add(values: ArrayLike<number>): void {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (!Number.isFinite(value)) continue;
      this.low = Math.min(this.low, value);
      this.high = Math.max(this.high, value);
      this.count++;
    }
  }
}

/** Counts in equal bins from the smallest to the largest value, which belongs to the last bin. */
export class Spread {
  readonly edges: readonly number[];
  readonly counts: number[];
  readonly #low: number;
  readonly #width: number;

  constructor({ low, high }: Range, bins: number) {
    const used = high > low ? bins : 1;
    this.#low = low;
    this.#width = high > low ? (high - low) / bins : 1;
    this.edges = Array.from({ length: used + 1 }, (_, i) => low + i * this.#width);
    this.counts = new Array<number>(used).fill(0);
  }

  add(values: ArrayLike<number>): void {
    const last = this.counts.length - 1;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (Number.isFinite(value)) this.counts[Math.min(last, Math.floor((value - this.#low) / this.#width))]!++;
    }
  }
}
