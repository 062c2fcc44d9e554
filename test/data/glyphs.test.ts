import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { drawGlyphs } from "../../src/data/glyphs.ts";
import { image, label, thrown } from "./support.ts";

const fields = [image(28, 28, 1), label(10)];
const glyphs = (n: number, seed = 1, part: "train" | "test" = "train") =>
  drawGlyphs({ part, n, seed, shape: [28, 28, 1] }, fields);

describe("glyphs", () => {
  it("are the same everywhere: a pinned hash", () => {
    expect(glyphs(100).hash).toBe("2deb48733fb91fbd425f921c06e7100cb2cfeb12bad3a2dbe68e5473b2d8b5f9");
    const coloured = drawGlyphs({ part: "train", n: 100, seed: 1, shape: [32, 32, 3] }, [image(32, 32, 3), label(10)]);
    expect(coloured.hash).toBe("cd0951fa55c87b5531cc8111908566d34a8b50fe3c67464790fc7f2a5b106b4e");
  });

  it("are a function of seed, part and example: fewer are the first of more, and others differ", () => {
    const few = glyphs(25).columns.get("image")!.data;
    const many = glyphs(60).columns.get("image")!.data;
    expect(many.subarray(0, few.length)).toEqual(few);
    expect(glyphs(25, 2).hash).not.toBe(glyphs(25).hash);
    expect(glyphs(25, 1, "test").hash).not.toBe(glyphs(25).hash);
  });

  it("hold each digit once in every ten, in orders that differ", () => {
    const { data } = glyphs(200).columns.get("label")!;
    const orders = new Set<string>();
    for (let start = 0; start < 200; start += 10) {
      const ten = [...data.subarray(start, start + 10)];
      expect([...ten].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      orders.add(ten.join());
    }
    expect(orders.size).toBeGreaterThan(15);
  });

  it("are light strokes on black, each of its own", () => {
    const { data } = glyphs(500).columns.get("image")!;
    const seen = new Set<string>();
    for (let example = 0; example < 500; example++) {
      const own = data.subarray(example * 784, (example + 1) * 784);
      const inked = Array.from(own).filter((byte) => byte > 100).length;
      expect(inked).toBeGreaterThan(20);
      expect(inked).toBeLessThan(392);
      seen.add(own.join());
    }
    expect(seen.size).toBe(500);
  });

  it("can be told apart: the nearest of 1500 others has the same digit for most, by pixels alone", () => {
    const train = glyphs(1500);
    const [px, py] = [train.columns.get("image")!.data, train.columns.get("label")!.data];
    const test = glyphs(100, 1, "test");
    const [tx, ty] = [test.columns.get("image")!.data, test.columns.get("label")!.data];
    let right = 0;
    for (let i = 0; i < 100; i++) {
      let best = Number.POSITIVE_INFINITY;
      let guess = -1;
      for (let j = 0; j < 1500; j++) {
        let sum = 0;
        for (let k = 0; k < 784 && sum < best; k++) sum += (px[j * 784 + k]! - tx[i * 784 + k]!) ** 2;
        if (sum < best) {
          best = sum;
          guess = py[j]!;
        }
      }
      right += Number(guess === ty[i]);
    }
    expect(right).toBeGreaterThan(80);
    expect(right).toBeLessThan(100);
  });

  it("have any size from 8 to 256 pixels, grey or coloured, and refuse others", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 64 }),
        fc.integer({ min: 8, max: 64 }),
        fc.constantFrom(1, 3),
        (height, width, channels) => {
          const shape = [height, width, channels];
          const data = drawGlyphs({ part: "test", n: 3, seed: 5, shape }, [image(...shape), label(10)]);
          expect(data.columns.get("image")!.data.length).toBe(3 * height * width * channels);
        },
      ),
      { numRuns: 20 },
    );
    expect(thrown(() => drawGlyphs({ part: "test", n: 3, seed: 5, shape: [28, 28] }, fields)).code).toBe("MTT5508");
    expect(thrown(() => drawGlyphs({ part: "test", n: -1, seed: 5, shape: [28, 28, 1] }, fields)).code).toBe("MTT5509");
    expect(
      thrown(() => drawGlyphs({ part: "test", n: 1, seed: 5, shape: [28, 28, 1] }, [image(28, 28, 1), label(3)])).code,
    ).toBe("MTT5508");
  });
});
