import * as Effect from "effect/Effect";
import { encode } from "fast-png";
import type { Dataset } from "../../data/dataset.ts";
import { readRows } from "../../execute/array-file.ts";
import { stepFailure } from "../../execute/failure.ts";
import { SCORES } from "../../execute/kinds/influence.ts";
import type { Outcome } from "../../execute/outcome.ts";
import type { BoardEvent, Picture } from "../../export/tensorboard/events.ts";
import type { Body, Step } from "../../plan/plan.ts";
import { Store } from "../../store/store.ts";
import { endsFor, type Scored } from "../ends.ts";
import { showNumber } from "../number.ts";
import { imageOf, pixelsOf } from "../pixels.ts";
import { labelsOf } from "../tile.ts";
import { placeOf } from "./place.ts";

type InfluenceStep = Step & { readonly body: Extract<Body, { readonly kind: "influence" }> };

/** Test examples that are told, and the training examples beside each. */
const TESTS = 16;
const TOP = 8;

/** An influence's certificate, the scores of its first test examples, and the images behind them: each asked for, helpful, harmful. */
export const influenceEvents = Effect.fnUntraced(function* (
  { id, body }: InfluenceStep,
  outcome: Outcome,
  inputs: readonly Outcome[],
) {
  const store = yield* Store;
  const at = { step: placeOf(inputs[0]!), time: Date.now() / 1000 };
  const events: BoardEvent[] = Object.entries(outcome.figures).flatMap(([name, value]) =>
    typeof value === "number" && name !== "test" && name !== "train"
      ? [{ kind: "scalar", tag: `${id}/${name}`, value, ...at } as const]
      : [],
  );
  const test = body.influence.test === "self" ? undefined : inputs[2]?.data;
  const train = (body.part ? inputs[3] : inputs[1])?.data;
  const file = outcome.files?.[SCORES];
  const kept = yield* outcome.arrays("top");
  if (test === undefined || train === undefined || body.influence.of === "input") return events;
  if (file === undefined && kept.helpful_index === undefined) return events;
  const rows = (_: string, from: number, to: number) =>
    file === undefined
      ? Effect.succeed(undefined)
      : readRows(file, from, to).pipe(Effect.provideService(Store, store), Effect.mapError(stepFailure));
  for (let i = 0; i < Math.min(TESTS, test.index.length); i++) {
    const tag = `${id}/test_${test.index[i]}`;
    const scores = yield* rows(SCORES, i, i + 1);
    if (scores !== undefined) events.push({ kind: "histogram", tag: `${tag}/scores`, values: scores.data, ...at });
    const { helpful, harmful } = yield* endsFor({ arrays: outcome.arrays, rows }, id, train, i, TOP);
    const shown = [
      { name: "asked", data: test, examples: [{ at: i, score: undefined }] },
      { name: "helpful", data: train, examples: helpful },
      { name: "harmful", data: train, examples: harmful },
    ];
    events.push({ kind: "text", tag, text: tableOf(shown), ...at });
    for (const { name, data, examples } of shown) {
      const picture = strip(
        data,
        examples.map((one) => one.at),
      );
      if (picture !== undefined) events.push({ kind: "image", tag: `${tag}/${name}`, picture, ...at });
    }
  }
  return events;
});

interface Row {
  readonly name: string;
  readonly data: Dataset;
  readonly examples: readonly (Pick<Scored, "at"> & { readonly score: number | undefined })[];
}

/** What the strips show from left to right, as a table in Markdown. */
const tableOf = (rows: readonly Row[]): string =>
  [
    "| shown | index | label | score |\n|---|---|---|---|",
    ...rows.flatMap(({ name, data, examples }) =>
      examples.map(
        ({ at, score }) =>
          `| ${name} | ${data.index[at]} | ${labelsOf(data, at)} | ${score === undefined ? "" : showNumber(score)} |`,
      ),
    ),
  ].join("\n");

/** Pixels between two images of a strip. */
const GAP = 2;

/** Images beside each other, from left to right; nothing where the data has no images, or none is shown. */
const strip = (data: Dataset, positions: readonly number[]): Picture | undefined => {
  const field = imageOf(data);
  const [first, ...rest] = field === undefined ? [] : positions.map((at) => pixelsOf(data, field, at));
  if (first === undefined) return undefined;
  const { width: one, height, channels } = first;
  const width = (rest.length + 1) * (one + GAP) - GAP;
  const bytes = new Uint8Array(width * height * channels).fill(255);
  for (const [i, { bytes: pixels }] of [first, ...rest].entries())
    for (let y = 0; y < height; y++) {
      const from = y * one * channels;
      bytes.set(pixels.subarray(from, from + one * channels), (y * width + i * (one + GAP)) * channels);
    }
  return { width, height, channels, png: encode({ width, height, data: bytes, channels, depth: 8 }) };
};
