import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { applyIndexOperation, type IndexOperation, splitPoint } from "../../src/data/query.ts";
import { makeView } from "../../src/data/view.ts";
import { sample, thrown } from "./support.ts";

const source = sample(60);
const apply = (data: Dataset, operation: IndexOperation, ...others: Dataset[]) =>
  applyIndexOperation(operation, data, others);
const set = (data: Dataset, op: "without" | "only" | "union" | "intersect", ...others: Dataset[]) =>
  apply(data, { op }, ...others);
const at = (data: Dataset) => [...data.index];
const sorted = (data: Dataset) => at(data).sort((a, b) => a - b);
const view = fc
  .uniqueArray(fc.nat(59), { maxLength: 60 })
  .map((index) => makeView(source, { index: Int32Array.from(index) }));
const n = fc.nat(70);
const seed = fc.nat(1000);

describe("take, skip and split", () => {
  it("take(n) and skip(n) cut a view in two", () => {
    fc.assert(
      fc.property(view, n, (data, n) => {
        const first = apply(data, { op: "take", n });
        const rest = apply(data, { op: "skip", n });
        expect([...at(first), ...at(rest)]).toEqual(at(data));
        expect(first.index.length).toBe(Math.min(n, data.index.length));
      }),
    );
  });

  it("split(at:) gives ceil(at x n) examples and the rest", () => {
    fc.assert(
      fc.property(view, fc.nat(100), (data, percent) => {
        const first = apply(data, { op: "split", at: percent / 100, part: "first" });
        const rest = apply(data, { op: "split", at: percent / 100, part: "rest" });
        expect([...at(first), ...at(rest)]).toEqual(at(data));
        expect(first.index.length).toBe(Math.floor((percent * data.index.length + 99) / 100));
      }),
    );
    expect(splitPoint(0.07, 100)).toBe(7);
    expect(splitPoint(0.9, 60000)).toBe(54000);
    expect(thrown(() => splitPoint(1.5, 10)).code).toBe("MTT5516");
  });
});

describe("shuffle and sample", () => {
  it("shuffle keeps the examples, the same way for a seed and another for another", () => {
    fc.assert(
      fc.property(view, seed, (data, seed) => {
        const shuffled = apply(data, { op: "shuffle", seed });
        expect(sorted(shuffled)).toEqual(sorted(data));
        expect(shuffled.hash).toBe(apply(data, { op: "shuffle", seed }).hash);
      }),
    );
    expect(at(apply(source, { op: "shuffle", seed: 1 }))).not.toEqual(at(apply(source, { op: "shuffle", seed: 2 })));
  });

  it("sample(n) is shuffle and take(n)", () => {
    fc.assert(
      fc.property(view, seed, fc.nat(60), (data, seed, wanted) => {
        const n = Math.min(wanted, data.index.length);
        const sampled = apply(data, { op: "sample", n, seed });
        expect(sampled.hash).toBe(apply(apply(data, { op: "shuffle", seed }), { op: "take", n }).hash);
      }),
    );
    expect(thrown(() => apply(source, { op: "sample", n: 61, seed: 1 }))).toMatchObject({
      code: "MTT5516",
      expected: "at most 60",
    });
  });
});

describe("set operations", () => {
  it("follow the laws of sets, in the order of the first input", () => {
    fc.assert(
      fc.property(view, view, view, (a, b, c) => {
        const inB = new Set(at(b));
        expect(at(set(a, "without", b))).toEqual(at(a).filter((index) => !inB.has(index)));
        expect(at(set(a, "only", b))).toEqual(at(a).filter((index) => inB.has(index)));
        expect(at(set(a, "intersect", b))).toEqual(at(set(a, "only", b)));
        expect(at(set(a, "union", b))).toEqual([...at(a), ...at(set(b, "without", a))]);
        expect(sorted(set(set(a, "without", b), "union", set(a, "only", b)))).toEqual(sorted(a));
        expect(at(set(a, "without", b, c))).toEqual(at(set(set(a, "without", b), "without", c)));
        expect(at(set(a, "intersect", b, c))).toEqual(at(set(set(a, "intersect", b), "intersect", c)));
        expect(set(a, "union", b, c).hash).toBe(set(set(a, "union", b), "union", c).hash);
        expect(at(set(a, "only", b, c))).toEqual(at(set(a, "only", set(b, "union", c))));
        expect(set(a, "without", a).index.length).toBe(0);
      }),
    );
  });

  it("refuse examples of two sources", () => {
    const other = sample(60, 10, "other", 1);
    for (const op of ["without", "only", "union", "intersect"] as const) {
      expect(thrown(() => set(source, op, other))).toMatchObject({
        code: "MTT5513",
        expected: "examples of sample",
        found: "examples of other",
      });
    }
  });

  it("know a source by its contents, not by where it came from", () => {
    expect(at(set(source, "without", makeView(sample(60, 10, "copy"), { index: Int32Array.of(0, 1) })))).toEqual(
      at(source).slice(2),
    );
  });
});

describe("label noise", () => {
  const noisy = apply(source, { op: "with_label_noise", field: "label", fraction: 0.25, seed: 3 });
  const before = source.columns.get("label")!;
  const after = noisy.columns.get("label")!;

  it("changes exactly the fraction of labels it records, each into another class", () => {
    const changed = at(source).filter((index) => before.data[index] !== after.data[index]);
    expect(changed).toHaveLength(15);
    expect([...after.flipped!]).toEqual(changed);
    expect([...after.data].every((value) => value >= 0 && value < 10)).toBe(true);
    expect(noisy.source).toBe(source.source);
    expect(noisy.hash).not.toBe(source.hash);
  });

  it("changes the labels of the view only", () => {
    const half = apply(source, { op: "take", n: 30 });
    const flipped = apply(half, { op: "with_label_noise", field: "label", fraction: 1, seed: 3 }).columns.get("label")!
      .flipped!;
    expect([...flipped]).toEqual(at(half));
  });

  it("adds to the record of noise there was before", () => {
    const once = apply(apply(source, { op: "take", n: 30 }), {
      op: "with_label_noise",
      field: "label",
      fraction: 1,
      seed: 1,
    });
    const rest = makeView(once, { index: Int32Array.of(25, 40) });
    const twice = apply(rest, { op: "with_label_noise", field: "label", fraction: 1, seed: 2 });
    expect([...twice.columns.get("label")!.flipped!]).toEqual([...at(source).slice(0, 30), 40]);
  });

  it("takes every other class about as often", () => {
    const large = sample(9000, 10);
    const { data } = apply(large, { op: "with_label_noise", field: "label", fraction: 1, seed: 1 }).columns.get(
      "label",
    )!;
    const shifts = new Array<number>(10).fill(0);
    large.columns.get("label")!.data.forEach((old, index) => {
      shifts[(data[index]! - old + 10) % 10]!++;
    });
    expect(shifts[0]).toBe(0);
    // 1000 expected, standard deviation 30.
    for (const count of shifts.slice(1)) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it("needs a label, and a fraction", () => {
    expect(thrown(() => apply(source, { op: "with_label_noise", field: "image", fraction: 0.1, seed: 1 })).code).toBe(
      "MTT5517",
    );
    expect(thrown(() => apply(source, { op: "with_label_noise", field: "label", fraction: 2, seed: 1 })).code).toBe(
      "MTT5516",
    );
  });

  it("cannot be united with the labels as they were", () => {
    expect(thrown(() => set(noisy, "union", source))).toMatchObject({ code: "MTT5514" });
    expect(set(noisy, "without", apply(source, { op: "take", n: 10 })).index.length).toBe(50);
  });
});

describe("hashes", () => {
  it("are the source's for a view that changes nothing", () => {
    expect(apply(source, { op: "take", n: 100 }).hash).toBe(source.hash);
    expect(apply(source, { op: "with_label_noise", field: "label", fraction: 0, seed: 1 }).hash).toBe(source.hash);
    expect(apply(source, { op: "take", n: 59 }).hash).not.toBe(source.hash);
  });

  it("are equal exactly where the index is", () => {
    fc.assert(
      fc.property(view, view, (a, b) => {
        expect(a.hash === b.hash).toBe(at(a).join() === at(b).join());
      }),
    );
  });
});
