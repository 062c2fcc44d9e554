import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadSource } from "../../src/data/load.ts";
import { parseNpy } from "../../src/data/npy.ts";
import { errorOf, image, label, machine, number, run, temporary, thrown, typed } from "./support.ts";

/** As numpy.save writes it. */
const npy = (
  descr: string,
  shape: string,
  data: Uint8Array | Float32Array | Float64Array | Int32Array | BigInt64Array | Int16Array,
  version = 1,
  order = "False",
) => {
  const start = version === 1 ? 10 : 12;
  let text = `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`;
  text += `${" ".repeat(63 - ((start + text.length) % 64))}\n`;
  const bytes = new Uint8Array(start + text.length + data.byteLength);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0]);
  const view = new DataView(bytes.buffer);
  if (version === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  bytes.set(new TextEncoder().encode(text), start);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start + text.length);
  return bytes;
};
const read = (bytes: Uint8Array, field = number("x")) => parseNpy(bytes, "x.npy", field);

describe("npy", () => {
  it("reads the bytes that NumPy 2.4.6 writes for numpy.save(f, numpy.float32([[1.5], [-2]]))", () => {
    const written =
      "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDEpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAMA/AAAAwA==";
    expect([...read(Uint8Array.from(Buffer.from(written, "base64")), image(1)).data]).toEqual([1.5, -2]);
  });

  it("reads every element type into what the field declares, in both versions", () => {
    for (const version of [1, 2]) {
      expect([...read(npy("<f4", "2,", Float32Array.of(1.5, -2), version)).data]).toEqual([1.5, -2]);
      expect([...read(npy("<f8", "2,", Float64Array.of(0.1, -2), version)).data]).toEqual([Math.fround(0.1), -2]);
      expect([...read(npy("<f8", "1,", Float64Array.of(0.1), version), number("x", "f64")).data]).toEqual([0.1]);
      expect([...read(npy("<i4", "2,", Int32Array.of(5, -5), version)).data]).toEqual([5, -5]);
    }
    expect([...read(npy("|u1", "2,", Uint8Array.of(0, 255))).data]).toEqual([0, 255]);
    expect(read(npy("|u1", "2,", Uint8Array.of(0, 255))).scale).toBe(1);
    expect([...read(npy("<i2", "1,", Int16Array.of(-300)), number("x", "i32")).data]).toEqual([-300]);
    expect([...read(npy("|b1", "2,", Uint8Array.of(1, 0)), number("x", "bool")).data]).toEqual([1, 0]);
  });

  it("reads labels, the same from any integer type", () => {
    const labels = [npy("<i8", "3,", BigInt64Array.of(0n, 2n, 1n)), npy("|u1", "3,", Uint8Array.of(0, 2, 1))].map(
      (bytes) => read(bytes, label(3)),
    );
    expect([...labels[0]!.data]).toEqual([0, 2, 1]);
    expect(labels[0]!.hash).toBe(labels[1]!.hash);
    expect(thrown(() => read(npy("<i8", "1,", BigInt64Array.of(4294967296n)), label(3)))).toMatchObject({
      code: "MTT5507",
    });
    expect(thrown(() => read(npy("<i8", "1,", BigInt64Array.of(4294967296n)), number("x", "i32")))).toMatchObject({
      code: "MTT5508",
      found: "4294967296",
    });
    expect(thrown(() => read(npy("<i4", "2,", Int32Array.of(1, -1)), label(3)))).toMatchObject({
      code: "MTT5507",
      offset: 132,
    });
    expect(thrown(() => read(npy("<f4", "1,", Float32Array.of(1)), label(3)))).toMatchObject({ code: "MTT5508" });
  });

  it("wants the declared shape after the axis of the examples", () => {
    expect(read(npy("<f4", "2, 3", new Float32Array(6)), image(3)).data.length).toBe(6);
    for (const shape of ["6,", "3, 2", "2, 3, 1", ""]) {
      expect(thrown(() => read(npy("<f4", shape, new Float32Array(6)), image(3))).code).toBe("MTT5508");
    }
  });

  it("refuses another magic, version, type or order", () => {
    expect(thrown(() => read(Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0, 0, 0)))).toMatchObject({
      code: "MTT5503",
      offset: 0,
    });
    expect(thrown(() => read(npy("<f4", "1,", new Float32Array(1), 9)))).toMatchObject({
      code: "MTT5503",
      found: "version 9",
    });
    expect(thrown(() => read(npy(">f4", "1,", new Float32Array(1))))).toMatchObject({ code: "MTT5503", found: ">f4" });
    expect(thrown(() => read(npy("|O", "1,", new Float32Array(1)))).code).toBe("MTT5503");
    expect(thrown(() => read(npy("<f4", "2, 2", new Float32Array(4), 1, "True"), image(2))).help).toContain(
      "ascontiguousarray",
    );
  });

  it("names the byte at which a file was cut off, and what is too much", () => {
    const bytes = npy("<f4", "2,", new Float32Array(2));
    expect(thrown(() => read(bytes.subarray(0, bytes.length - 1)))).toMatchObject({
      code: "MTT5504",
      offset: bytes.length - 1,
      expected: `${bytes.length} bytes`,
    });
    expect(thrown(() => read(bytes.subarray(0, 20)))).toMatchObject({ code: "MTT5504", offset: 20 });
    const longer = new Uint8Array(bytes.length + 4);
    longer.set(bytes);
    expect(thrown(() => read(longer))).toMatchObject({ code: "MTT5505" });
  });

  it("refuses sizes beyond memory before it allocates", () => {
    expect(thrown(() => read(npy("<f4", "9999999999999, 9", new Float32Array(1)), image(9))).code).toBe("MTT5509");
    const header = npy("<f4", "1,", new Float32Array(1), 2);
    new DataView(header.buffer).setUint32(8, 0xffffffff, true);
    expect(thrown(() => read(header)).code).toBe("MTT5503");
  });

  it("makes one data set of several files, which must be as long", async () => {
    const root = temporary();
    writeFileSync(join(root, "x.npy"), npy("<f4", "2,", Float32Array.of(1, 2)));
    writeFileSync(join(root, "y.npy"), npy("<i8", "2,", BigInt64Array.of(1n, 0n)));
    writeFileSync(join(root, "z.npy"), npy("<i8", "3,", BigInt64Array.of(1n, 0n, 1n)));
    const { config } = machine(root);
    const fields = [number("x"), label(2)];
    const data = await run(loadSource({ kind: "npy", files: { x: "x.npy", label: "y.npy" } }, fields, config));
    expect(data.index.length).toBe(2);
    expect(
      await errorOf(loadSource({ kind: "npy", files: { x: "x.npy", label: "z.npy" } }, fields, config)),
    ).toMatchObject({ code: "MTT5506" });
    expect(await errorOf(loadSource({ kind: "npy", files: { x: "x.npy" } }, fields, config))).toMatchObject({
      code: "MTT5508",
    });
  });

  it("comes to a column or a DataError whatever the bytes", () => {
    const file = npy("<f4", "2, 3", new Float32Array(6));
    fc.assert(
      fc.property(
        fc.nat(file.length),
        fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 6 }),
        (length, flips) => {
          const bytes = file.slice(0, length < 40 ? length : file.length);
          for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
          typed(() => read(bytes, image(3)));
          typed(() => read(bytes, label(3)));
        },
      ),
      { numRuns: 300 },
    );
  });
});
