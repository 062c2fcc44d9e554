import { describe, expect, it } from "vitest";
import { tensor } from "../../src/shape/tensor.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/store/safetensors.ts";

const arrays = {
  "layer0/W": tensor("f32", [2, 3], [1, 2, 3, 4, 5, 6]),
  count: tensor("i32", [], [7]),
  exact: tensor("f64", [2], [0.1, -0]),
  flags: tensor("bool", [3], [1, 0, 1]),
};

describe("safetensors", () => {
  it("give back what they hold, from any kind of byte array at any offset", () => {
    const bytes = encodeSafetensors(arrays);
    expect(decodeSafetensors(bytes)).toEqual(arrays);
    // What Node reads from a file is a Buffer, often in the middle of a larger one.
    expect(decodeSafetensors(Buffer.concat([Buffer.from("abc"), bytes]).subarray(3))).toEqual(arrays);
  });

  it("are the same bytes whatever order the arrays come in", () => {
    const turned = Object.fromEntries(Object.entries(arrays).reverse());
    expect(encodeSafetensors(turned)).toEqual(encodeSafetensors(arrays));
  });

  it("refuse a header or offsets that do not fit the file", () => {
    const bytes = encodeSafetensors(arrays);
    expect(() => decodeSafetensors(bytes.subarray(0, 5))).toThrow("too few");
    expect(() => decodeSafetensors(bytes.subarray(0, bytes.length - 1))).toThrow("do not fit");
    const long = bytes.slice();
    new DataView(long.buffer).setBigUint64(0, 1n << 40n, true);
    expect(() => decodeSafetensors(long)).toThrow("does not fit a file");
  });

  it("refuse arrays that lie on each other: a small file would become large arrays", () => {
    const entry = '{"dtype": "F32", "shape": [6], "data_offsets": [0, 24]}';
    const header = `{"a": ${entry}, "b": ${entry}}`.padEnd(128);
    const bytes = new Uint8Array(8 + header.length + 24);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
    bytes.set(new TextEncoder().encode(header), 8);
    expect(() => decodeSafetensors(bytes)).toThrow('array "b" lies where others lie');
  });

  it("say what is wrong with a header, in words", () => {
    const headed = (header: string): Uint8Array => {
      const bytes = new Uint8Array(8 + header.length + 24);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
      bytes.set(new TextEncoder().encode(header), 8);
      return bytes;
    };
    const array = (entry: string) => headed(`{"W": ${entry}}`);
    expect(() => decodeSafetensors(headed("no JSON"))).toThrow("its header is no JSON object");
    expect(() => decodeSafetensors(headed("[1, 2]"))).toThrow("its header is no JSON object");
    for (const entry of [
      "7",
      '{"dtype": "F8", "shape": [3], "data_offsets": [0, 3]}',
      '{"dtype": "F32", "shape": [-2, -3], "data_offsets": [0, 24]}',
      '{"dtype": "F32", "shape": [6], "data_offsets": [-24, 0]}',
      '{"dtype": "F32", "shape": [6]}',
    ])
      expect(() => decodeSafetensors(array(entry))).toThrow('array "W" is described by');
  });
});
