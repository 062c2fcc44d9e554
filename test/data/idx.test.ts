import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIdx, unpackIdx } from "../../src/data/idx.ts";
import { idx, image, label, number, thrown, typed } from "./support.ts";

const pixels = Uint8Array.from({ length: 3 * 2 * 2 }, (_, k) => k * 20);
const images = idx([3, 2, 2], pixels);
const labels = idx([3], Uint8Array.of(0, 2, 1));
const read = (bytes: Uint8Array, field = image(2, 2, 1)) => parseIdx(unpackIdx(bytes, "f"), "f", field);

describe("IDX", () => {
  it("reads pixels as bytes that stand for 0 to 1, gzipped or not, with one hash", () => {
    const plain = read(images);
    expect([...plain.data]).toEqual([...pixels]);
    expect(plain.scale).toBe(1 / 255);
    const packed = read(gzipSync(images));
    expect([...packed.data]).toEqual([...pixels]);
    expect(packed.hash).toBe(plain.hash);
  });

  it("reads labels, and the types of more than a byte, big-endian", () => {
    expect([...read(labels, label(3)).data]).toEqual([0, 2, 1]);
    expect([...read(idx([2], Uint8Array.of(255, 2), 9), number("x", "i32")).data]).toEqual([-1, 2]);
    expect([...read(idx([2], Uint8Array.of(1, 2, 255, 255), 11), number("x", "i32")).data]).toEqual([258, -1]);
    expect([...read(idx([1], Uint8Array.of(0, 0, 1, 0), 12), number("x", "i32")).data]).toEqual([256]);
    expect([...read(idx([1], Uint8Array.of(0x3f, 0xc0, 0, 0), 13), number("x")).data]).toEqual([1.5]);
    expect([...read(idx([1], Uint8Array.of(0xbf, 0xf8, 0, 0, 0, 0, 0, 0), 14), number("x", "f64")).data]).toEqual([
      -1.5,
    ]);
  });

  it("refuses another magic", () => {
    const error = thrown(() => read(Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 0)));
    expect(error).toMatchObject({ code: "MTT5503", file: "f", offset: 0, found: "0x89504e47" });
  });

  it("names the byte at which a file was cut off", () => {
    expect(thrown(() => read(images.subarray(0, 20)))).toMatchObject({
      code: "MTT5504",
      offset: 20,
      expected: "28 bytes",
      found: "20 bytes",
    });
    expect(thrown(() => read(images.subarray(0, 9)))).toMatchObject({
      code: "MTT5504",
      offset: 9,
      expected: "16 bytes",
    });
    expect(thrown(() => read(new Uint8Array(0)))).toMatchObject({ code: "MTT5504", offset: 0 });
    const packed = gzipSync(images);
    expect(thrown(() => read(packed.subarray(0, packed.length - 9)))).toMatchObject({ code: "MTT5504" });
  });

  it("refuses more numbers than announced, packed or not", () => {
    const longer = new Uint8Array(images.length + 1);
    longer.set(images);
    expect(thrown(() => read(longer))).toMatchObject({ code: "MTT5505", offset: 28, found: "29 bytes" });
    expect(thrown(() => read(gzipSync(longer)))).toMatchObject({ code: "MTT5505", expected: "28 bytes" });
  });

  it("does not unfold a bomb: 64 MiB of zeros behind a header of three pictures", () => {
    const bomb = gzipSync(Buffer.concat([images, Buffer.alloc(64 * 1024 * 1024)]));
    const before = process.memoryUsage().arrayBuffers;
    expect(thrown(() => read(bomb))).toMatchObject({ code: "MTT5505" });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
  });

  it("refuses sizes beyond memory before it allocates", () => {
    expect(thrown(() => read(idx([0xffffffff, 0xffff, 0xffff], new Uint8Array(0))))).toMatchObject({ code: "MTT5509" });
  });

  it("refuses what is not of the declared type", () => {
    expect(thrown(() => read(images, image(2, 3, 1)))).toMatchObject({ code: "MTT5508", found: "u8[2, 2]" });
    expect(thrown(() => read(images, label(10)))).toMatchObject({ code: "MTT5503" });
    expect(thrown(() => read(idx([1], new Uint8Array(4), 13), label(3)))).toMatchObject({ code: "MTT5508" });
  });

  it("names the label that is out of range and where it stands", () => {
    expect(thrown(() => read(labels, label(2)))).toMatchObject({
      code: "MTT5507",
      offset: 9,
      expected: "0 to 1",
      found: "2",
    });
  });

  it("refuses a damaged gzip file", () => {
    const packed = Uint8Array.from(gzipSync(images));
    packed[packed.length - 6]! ^= 0xff;
    expect(thrown(() => read(packed))).toMatchObject({ code: "MTT5510" });
  });

  it("comes to a column or a DataError whatever the bytes", () => {
    const files = [images, labels, gzipSync(images), gzipSync(labels)].map((bytes) => Uint8Array.from(bytes));
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.nat(64),
        fc.array(fc.tuple(fc.nat(63), fc.nat(255)), { maxLength: 4 }),
        (file, cut, flips) => {
          const bytes = file.slice(0, Math.max(0, file.length - (cut > 32 ? 0 : cut)));
          for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
          typed(() => read(bytes));
          typed(() => read(bytes, label(3)));
        },
      ),
      { numRuns: 300 },
    );
  });
});
