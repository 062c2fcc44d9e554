import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { applyOperation } from "../../src/data/apply.ts";
import { type Examples, rowsPerBatch } from "../../src/data/condition.ts";
import type { Dataset, Predictions } from "../../src/data/dataset.ts";
import { gather } from "../../src/data/gather.ts";
import { makeView } from "../../src/data/view.ts";
import { define } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { DataOperation } from "../../src/plan/dataset.ts";
import { vmap } from "../../src/transform/vmap.ts";
import { image, label, number, sample } from "./support.ts";

const opened: number[] = [];
/** The reference evaluator over batches. */
const reference: Examples<never, never> = {
  open: (graph, rows) =>
    Effect.sync(() => {
      opened.push(rows);
      const batched = vmap(
        graph,
        graph.inputs.map(() => 0),
        { size: rows },
      );
      return (feeds) => Effect.sync(() => evaluate(batched, feeds));
    }),
};
const apply = (operation: DataOperation, ...inputs: (Dataset | Predictions)[]) =>
  Effect.runPromise(applyOperation(operation, inputs, reference));

const i32 = { dtype: "i32", shape: [] } as const;
const constant = (value: number) => ({ value: { dtype: "i32", shape: [], data: Int32Array.of(value) } }) as const;
/** feed < value */
const below = (value: number) =>
  define([["x", i32]], (b, x) => [
    b.apply("compare", [x!, b.apply("constant", [], constant(value))], { direction: "LT" }),
  ]);

const source = sample(50);
const view = makeView(source, { index: Int32Array.from({ length: 25 }, (_, k) => 49 - 2 * k) });

describe("where", () => {
  it("keeps the examples whose field fulfils the condition, in their order", async () => {
    const operation: DataOperation = { op: "where", graph: below(3), feeds: [{ kind: "field", name: "label" }] };
    const kept = await apply(operation, view);
    expect([...kept.index]).toEqual([...view.index].filter((at) => (at * 3) % 10 < 3));
    expect(kept.index.length).toBeGreaterThan(0);
    expect((await apply(operation, kept)).hash).toBe(kept.hash);
  });

  it("sees the index in the source", async () => {
    const kept = await apply({ op: "where", graph: below(10), feeds: [{ kind: "index" }] }, view);
    expect([...kept.index]).toEqual([9, 7, 5, 3, 1]);
  });

  it("sees predictions of a larger view, by index in the source", async () => {
    // predicted != label, where the prediction is 0 for all.
    const graph = define(
      [
        ["predicted", i32],
        ["label", i32],
      ],
      (b, p, l) => [b.apply("compare", [p!, l!], { direction: "NE" })],
    );
    const predictions: Predictions = {
      values: {
        dtype: "i32",
        shape: [50],
        data: Int32Array.from({ length: 50 }, (_, k) => ((49 - k) * 3 + Number(k < 10)) % 10),
      },
      index: Int32Array.from({ length: 50 }, (_, k) => 49 - k),
      source: source.source,
    };
    const kept = await apply(
      {
        op: "where",
        graph,
        feeds: [
          { kind: "prediction", input: 1 },
          { kind: "field", name: "label" },
        ],
      },
      view,
      predictions,
    );
    expect([...kept.index]).toEqual([49, 47, 45, 43, 41]);
  });

  it("refuses predictions that do not know the examples", async () => {
    const graph = below(1);
    const predictions: Predictions = {
      values: { dtype: "i32", shape: [1], data: Int32Array.of(0) },
      index: Int32Array.of(3),
      source: source.source,
    };
    const failure = await Effect.runPromise(
      Effect.flip(
        applyOperation(
          { op: "where", graph, feeds: [{ kind: "prediction", input: 1 }] },
          [view, predictions],
          reference,
        ),
      ),
    );
    expect(failure).toMatchObject({ code: "MTT5518" });
    expect(failure.message).toContain("example 49");
  });

  it("runs large examples in batches of one size, the last filled up", async () => {
    const n = 300;
    const wide = { dtype: "f32", shape: [128, 128] } as const;
    const graph = define([["i", i32]], (b, i) => {
      const x = b.apply("convert", [i!], { dtype: "f32" });
      const grown = b.apply("broadcast_in_dim", [x], { shape: wide.shape, dimensions: [] });
      const sum = b.apply("reduce_sum", [grown], { dimensions: [0, 1] });
      const limit = b.apply("constant", [], {
        value: { dtype: "f32", shape: [], data: Float32Array.of(250 * 128 * 128) },
      });
      return [b.apply("compare", [sum, limit], { direction: "GE" })];
    });
    opened.length = 0;
    const kept = await apply({ op: "where", graph, feeds: [{ kind: "index" }] }, sample(n));
    expect([...kept.index]).toEqual(Array.from({ length: 50 }, (_, k) => 250 + k));
    expect(opened).toEqual([rowsPerBatch(graph, n)]);
    expect(opened[0]).toBeLessThan(n);
  });

  it("keeps an empty view empty", async () => {
    const empty = makeView(source, { index: new Int32Array(0) });
    expect((await apply({ op: "where", graph: below(3), feeds: [{ kind: "index" }] }, empty)).index.length).toBe(0);
  });
});

describe("map", () => {
  const double = define([["x", { dtype: "f32", shape: [2, 2, 1] }]], (b, x) => [b.apply("add", [x!, x!], {})]);
  const feeds = [{ kind: "field", name: "image" }] as const;

  it("replaces a field for the examples of the view, by source index", async () => {
    const mapped = await apply({ op: "map", field: image(2, 2, 1), graph: double, feeds }, view);
    const at = Int32Array.of(0, 24);
    const doubled = [...gather(view, "image", at, "f32").data].map((value) => Math.fround(2 * value));
    expect([...gather(mapped, "image", at, "f32").data]).toEqual(doubled);
    expect(mapped.source).toBe(source.source);
    expect(mapped.hash).not.toBe(view.hash);
    expect(mapped.columns.get("label")).toBe(source.columns.get("label"));
  });

  it("adds a field of each dtype", async () => {
    const one = (dtype: "f32" | "f64" | "i32" | "bool") =>
      define([["i", i32]], (b, i) => [b.apply("convert", [i!], { dtype })]);
    for (const dtype of ["f32", "f64", "i32"] as const) {
      const mapped = await apply(
        { op: "map", field: number("new", dtype), graph: one(dtype), feeds: [{ kind: "index" }] },
        view,
      );
      const { data } = gather(mapped, "new", Int32Array.of(1, 0), dtype === "f64" ? "f64" : "f32");
      expect([...data]).toEqual([47, 49]);
    }
  });

  it("gives the same contents the same hash, whichever graph made them", async () => {
    const twice = define([["x", { dtype: "f32", shape: [2, 2, 1] }]], (b, x) => {
      const two = b.apply("constant", [], { value: { dtype: "f32", shape: [], data: Float32Array.of(2) } });
      const spread = b.apply("broadcast_in_dim", [two], { shape: [2, 2, 1], dimensions: [] });
      return [b.apply("multiply", [x!, spread], {})];
    });
    const [a, b] = await Promise.all(
      [double, twice].map((graph) => apply({ op: "map", field: image(2, 2, 1), graph, feeds }, source)),
    );
    expect(a!.hash).toBe(b!.hash);
  });

  it("checks labels it makes", async () => {
    const graph = define([["i", i32]], (b, i) => [b.apply("negate", [i!], {})]);
    const failure = await Effect.runPromise(
      Effect.flip(
        applyOperation({ op: "map", field: label(10), graph, feeds: [{ kind: "index" }] }, [view], reference),
      ),
    );
    expect(failure).toMatchObject({ code: "MTT5507" });
  });
});
