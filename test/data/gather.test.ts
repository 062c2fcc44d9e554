import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches, gather, gatherInto } from "../../src/data/gather.ts";
import { makeColumn, makeSource, makeView } from "../../src/data/view.ts";
import { image, number, sample, thrown } from "./support.ts";

describe("gather", () => {
  it("gives pixels as fractions and labels as integers, by position in the view", () => {
    const view = makeView(sample(5), { index: Int32Array.of(4, 2) });
    const pixels = gather(view, "image", Int32Array.of(1, 0), "f32");
    expect(pixels.shape).toEqual([2, 2, 2, 1]);
    expect([...pixels.data]).toEqual([56, 63, 70, 77, 112, 119, 126, 133].map((byte) => Math.fround(byte / 255)));
    expect(gather(view, "label", Int32Array.of(0, 1), "f32")).toEqual({
      dtype: "i32",
      shape: [2],
      data: Int32Array.of(2, 6),
    });
  });

  it("multiplies every stored value by the scale, whatever the width, and into a buffer that held something", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.nat(255), { minLength: 1, maxLength: 60 }),
        fc.constantFrom("f32" as const, "f64" as const),
        fc.boolean(),
        (width, bytes, dtype, sparse) => {
          const n = Math.max(1, Math.floor(bytes.length / width));
          const data = Uint8Array.from({ length: n * width }, (_, k) =>
            sparse && k % 5 > 0 ? 0 : bytes[k % bytes.length]!,
          );
          const set = makeSource([makeColumn(image(width), data, 1 / 255)], "x");
          const positions = Int32Array.from({ length: n }, (_, k) => (k * 7) % n);
          const into = (dtype === "f32" ? new Float32Array(n * width + 3) : new Float64Array(n * width + 3)).fill(9);
          const round = dtype === "f32" ? Math.fround : (value: number) => value;
          const expected = [...positions].flatMap((at) =>
            [...data.subarray(at * width, (at + 1) * width)].map((byte) => round(byte * (1 / 255))),
          );
          const { data: found } = gatherInto(set, "image", positions, dtype, into);
          expect([...found]).toEqual(expected);
          expect(found.buffer).toBe(into.buffer);
          expect([...gather(set, "image", positions, dtype).data]).toEqual(expected);
        },
      ),
    );
  });

  it("keeps float columns as they are and flags as bool", () => {
    const set = makeSource(
      [makeColumn(number("x", "f64"), Float64Array.of(0.1, 0.2)), makeColumn(number("b", "bool"), Uint8Array.of(1, 0))],
      "x",
    );
    expect([...gather(set, "x", Int32Array.of(1, 0), "f64").data]).toEqual([0.2, 0.1]);
    expect([...gather(set, "x", Int32Array.of(1), "f32").data]).toEqual([Math.fround(0.2)]);
    expect(gather(set, "b", Int32Array.of(0, 1), "f32")).toEqual({
      dtype: "bool",
      shape: [2],
      data: Uint8Array.of(1, 0),
    });
  });

  it("names the fields there are when asked for another", () => {
    expect(thrown(() => gather(sample(2), "imgae", Int32Array.of(0), "f32")).help).toContain("image, label");
  });

  it("cuts positions into batches and keeps the smaller last one", () => {
    expect([...batches(5, 2)].map((batch) => [...batch])).toEqual([[0, 1], [2, 3], [4]]);
    expect([...batches(0, 2)]).toEqual([]);
  });
});
