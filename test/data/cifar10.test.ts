import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCifar10, unpackArchive } from "../../src/data/cifar10.ts";
import { loadSource } from "../../src/data/load.ts";
import type { Source } from "../../src/plan/dataset.ts";
import { errorOf, image, label, machine, run, temporary, thrown, typed } from "./support.ts";

const fields = [image(32, 32, 3), label(10)];
/** Red is `first`, green first + 1, blue first + 2, but for the second pixel of the first row: 9, 8, 7. */
const record = (tag: number, first: number) => {
  const bytes = new Uint8Array(3073);
  bytes[0] = tag;
  for (let plane = 0; plane < 3; plane++) {
    bytes.fill(first + plane, 1 + plane * 1024, 1 + (plane + 1) * 1024);
    bytes[1 + plane * 1024 + 1] = 9 - plane;
  }
  return bytes;
};
const batch = (...records: Uint8Array[]) => Uint8Array.from(Buffer.concat(records));

/** As tar writes regular files. */
const tar = (files: Readonly<Record<string, Uint8Array>>) =>
  Uint8Array.from(
    Buffer.concat([
      ...Object.entries(files).flatMap(([path, bytes]) => {
        const header = Buffer.alloc(512);
        header.write(path);
        header.write(bytes.length.toString(8).padStart(11, "0"), 124);
        header.write("0", 156);
        return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
      }),
      Buffer.alloc(1024),
    ]),
  );
const folder = "cifar-10-batches-bin";
const train = Object.fromEntries(
  [1, 2, 3, 4, 5].map((k) => [`${folder}/data_batch_${k}.bin`, batch(record(k, 10 * k))]),
);

describe("cifar10", () => {
  it("turns planes into pixels of three colours", () => {
    const data = parseCifar10([{ file: "a", bytes: batch(record(3, 20), record(9, 30)) }], fields);
    const pixels = data.columns.get("image")!.data;
    expect([...pixels.subarray(0, 9)]).toEqual([20, 21, 22, 9, 8, 7, 20, 21, 22]);
    expect([...pixels.subarray(3072, 3078)]).toEqual([30, 31, 32, 9, 8, 7]);
    expect([...data.columns.get("label")!.data]).toEqual([3, 9]);
  });

  it("is read from loose files, their folder and the archive, packed or not: the same data", async () => {
    const root = temporary();
    const source: Source = { kind: "cifar10", part: "train" };
    const home = (write: (folder: string) => void) => {
      const path = mkdtempSync(join(root, "case-"));
      write(path);
      return path;
    };
    const homes = [
      home((path) => {
        for (const [name, bytes] of Object.entries(train))
          writeFileSync(join(path, name.slice(folder.length + 1)), bytes);
      }),
      home((path) => {
        mkdirSync(join(path, folder));
        for (const [name, bytes] of Object.entries(train)) writeFileSync(join(path, name), bytes);
      }),
      home((path) => writeFileSync(join(path, "cifar-10-binary.tar.gz"), gzipSync(tar(train)))),
      home((path) => writeFileSync(join(path, "cifar-10-binary.tar"), tar(train))),
    ];
    const sets = await Promise.all(
      homes.map((path) => run(loadSource(source, fields, machine(root, {}, path).config))),
    );
    expect([...sets[0]!.columns.get("label")!.data]).toEqual([1, 2, 3, 4, 5]);
    expect(new Set(sets.map(({ hash }) => hash)).size).toBe(1);
  });

  it("refuses half a record, a label out of range and another archive", () => {
    const cut = record(1, 1).subarray(0, 3000);
    expect(thrown(() => parseCifar10([{ file: "a", bytes: batch(record(1, 1), cut) }], fields))).toMatchObject({
      code: "MTT5504",
      offset: 3073,
    });
    expect(
      thrown(() => parseCifar10([{ file: "a", bytes: batch(record(1, 1), record(10, 1)) }], fields)),
    ).toMatchObject({ code: "MTT5507", offset: 3073 });
    expect(thrown(() => unpackArchive(tar({ "x/test_batch.bin": record(1, 1) }), "a.tar", "train"))).toMatchObject({
      code: "MTT5503",
    });
    expect(thrown(() => unpackArchive(tar(train).subarray(0, 2000), "a.tar", "train"))).toMatchObject({
      code: "MTT5504",
      offset: 0,
    });
  });

  it("comes to files or a DataError whatever the archive", () => {
    const archive = tar({ [`${folder}/test_batch.bin`]: record(1, 1) });
    fc.assert(
      fc.property(
        fc.nat(archive.length),
        fc.array(fc.tuple(fc.nat(600), fc.nat(255)), { maxLength: 5 }),
        (length, flips) => {
          const bytes = archive.slice(0, length);
          for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
          typed(() => unpackArchive(bytes, "a.tar", "test"));
        },
      ),
      { numRuns: 100 },
    );
  });

  it("takes no archive but CIFAR-10's from a mirror, and coloured glyphs as the declared fallback", async () => {
    const root = temporary();
    const server = createServer((_, response) => response.end(gzipSync(tar(train))));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { config, events } = machine(root, { MTT_CIFAR10_URL: `http://127.0.0.1:${port}/` });
    const source: Source = { kind: "cifar10", part: "train" };
    const error = await errorOf(loadSource(source, fields, config));
    expect(error.code).toBe("MTT5501");
    expect(error.message).toContain("sha256");
    expect(error.help).toContain("MTT_CIFAR10_URL");
    const fallback: Source = { kind: "glyphs", part: "train", n: 10, seed: 1, shape: [32, 32, 3] };
    const data = await run(loadSource({ ...source, fallback }, fields, config));
    server.close();
    expect(data.origin).toBe("glyphs (fallback of cifar10)");
    expect(events.at(-1)).toMatchObject({ kind: "warning" });
  });
});
