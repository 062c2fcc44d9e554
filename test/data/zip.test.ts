import { describe, expect, it } from "vitest";
import { endOf, entriesIn, headerLength } from "../../src/data/zip.ts";

/** A table of one entry with this name, which says that its name is so long. */
const tableOf = (name: string, length = name.length): Uint8Array => {
  const bytes = new Uint8Array(46 + name.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(10, 8, true);
  view.setUint32(20, 5, true);
  view.setUint32(24, 9, true);
  view.setUint16(28, length, true);
  view.setUint32(42, 77, true);
  bytes.set(new TextEncoder().encode(name), 46);
  return bytes;
};

describe("a zip archive's table", () => {
  it("says where files lie", () => {
    expect(entriesIn(tableOf("a.npy"), 1)).toEqual([
      { path: "a.npy", method: 8, crc32: 0, packed: 5, size: 9, offset: 77 },
    ]);
  });

  it("is damaged where an entry is none, is missing, or longer than the table", () => {
    const table = tableOf("a.npy");
    expect(entriesIn(table, 2)).toEqual({ damagedAt: table.length });
    expect(entriesIn(tableOf("a.npy", 6), 1)).toEqual({ damagedAt: 0 });
    expect(entriesIn(new Uint8Array(60), 1)).toEqual({ damagedAt: 0 });
  });

  it("is found behind a comment, and not where there is none", () => {
    const end = new Uint8Array(22 + 3);
    const view = new DataView(end.buffer);
    view.setUint32(0, 0x06054b50, true);
    view.setUint16(10, 4, true);
    view.setUint32(12, 51, true);
    view.setUint32(16, 99, true);
    expect(endOf(end)).toEqual({ at: 0, count: 4, size: 51, start: 99 });
    expect(endOf(end.subarray(1))).toBeUndefined();
    expect(endOf(new Uint8Array(3))).toBeUndefined();
  });

  it("points to headers, whose length is known only there", () => {
    const header = new Uint8Array(30);
    const view = new DataView(header.buffer);
    view.setUint32(0, 0x04034b50, true);
    view.setUint16(26, 5, true);
    view.setUint16(28, 7, true);
    expect(headerLength(header)).toBe(42);
    expect(headerLength(header.subarray(0, 29))).toBeUndefined();
    expect(headerLength(new Uint8Array(30))).toBeUndefined();
  });
});
