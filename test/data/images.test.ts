import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { gather } from "../../src/data/gather.ts";
import { loadSource } from "../../src/data/load.ts";
import { decodePng } from "../../src/data/png.ts";
import { chunk, png } from "./png.ts";
import { errorOf, image, label, machine, run, temporary, thrown, typed } from "./support.ts";

const decode = (bytes: Uint8Array) => {
  const { samples, ...rest } = decodePng(bytes, "a.png");
  return { ...rest, samples: Array.from(samples) };
};

describe("PNG", () => {
  it("is read in every colour type and depth", () => {
    expect(
      decode(
        png(2, 2, 8, 0, [
          [0, 100],
          [200, 255],
        ]),
      ),
    ).toEqual({ width: 2, height: 2, channels: 1, depth: 8, samples: [0, 100, 200, 255] });
    expect(decode(png(1, 1, 8, 2, [[1, 2, 3]])).samples).toEqual([1, 2, 3]);
    expect(decode(png(1, 1, 8, 4, [[9, 255]])).channels).toBe(2);
    expect(decode(png(1, 1, 8, 6, [[1, 2, 3, 4]])).samples).toEqual([1, 2, 3, 4]);
    expect(decode(png(2, 1, 16, 0, [[1, 2, 255, 255]]))).toMatchObject({ depth: 16, samples: [258, 65535] });
    expect(
      decode(
        png(9, 2, 1, 0, [
          [0b10000001, 0b10000000],
          [0, 0],
        ]),
      ).samples.slice(0, 9),
    ).toEqual([255, 0, 0, 0, 0, 0, 0, 255, 255]);
    expect(decode(png(3, 1, 2, 0, [[0b00011011]])).samples).toEqual([0, 85, 170]);
    expect(decode(png(2, 1, 4, 0, [[0x0f]])).samples).toEqual([0, 255]);
    const palette = chunk("PLTE", Uint8Array.of(10, 20, 30, 40, 50, 60));
    expect(decode(png(2, 1, 8, 3, [[1, 0]], [palette]))).toMatchObject({
      channels: 3,
      samples: [40, 50, 60, 10, 20, 30],
    });
    expect(decode(png(2, 1, 1, 3, [[0b10000000]], [palette])).samples).toEqual([40, 50, 60, 10, 20, 30]);
  });

  it("is refused where a palette lacks a colour", () => {
    expect(thrown(() => decode(png(1, 1, 8, 3, [[5]], [chunk("PLTE", Uint8Array.of(1, 2, 3))]))).code).toBe("MTT5510");
  });

  it("is refused when it is something else, cut off or damaged", () => {
    const good = png(2, 2, 8, 0, [
      [0, 100],
      [200, 255],
    ]);
    expect(thrown(() => decode(Uint8Array.of(0xff, 0xd8, 0xff)))).toMatchObject({ code: "MTT5503", found: "ff d8 ff" });
    expect(thrown(() => decode(good.subarray(0, 50)))).toMatchObject({ code: "MTT5504", offset: 50 });
    const flipped = good.slice();
    flipped[45]! ^= 1;
    expect(thrown(() => decode(flipped)).code).toBe("MTT5510");
  });

  it("is refused beyond the size limit, and unfolds no bomb", () => {
    expect(thrown(() => decode(png(1, 100_000, 8, 0, [[0]]))).code).toBe("MTT5509");
    const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024));
    const header = png(1, 1, 8, 0, [[0]]);
    const bytes = Uint8Array.from(
      Buffer.concat([header.subarray(0, 33), chunk("IDAT", bomb), chunk("IEND", new Uint8Array(0))]),
    );
    const before = process.memoryUsage().arrayBuffers;
    expect(thrown(() => decode(bytes)).code).toBe("MTT5510");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * 1024 * 1024);
    // A colour profile may unfold to anything too: it is never looked at.
    const profile = chunk("iCCP", Uint8Array.from(Buffer.concat([Buffer.from("p\0\0"), bomb])));
    expect(decode(png(1, 1, 8, 0, [[7]], [profile])).samples).toEqual([7]);
  });

  it("comes to a picture or a DataError whatever the bytes", () => {
    const files = [
      png(2, 2, 8, 0, [
        [0, 100],
        [200, 255],
      ]),
      png(2, 1, 8, 3, [[1, 0]], [chunk("PLTE", Uint8Array.of(1, 2, 3, 4, 5, 6))]),
      Uint8Array.from(encode({ width: 3, height: 2, data: new Uint8Array(18).fill(77), channels: 3 })),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...files),
        fc.nat(120),
        fc.array(fc.tuple(fc.nat(100), fc.nat(255)), { maxLength: 5 }),
        (file, length, flips) => {
          const bytes = file.slice(0, length < 60 ? length : file.length);
          for (const [at, value] of flips) if (at < bytes.length) bytes[at] = value;
          typed(() => decode(bytes));
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe("images", () => {
  const root = temporary();
  const folder = (files: Readonly<Record<string, Uint8Array>>) => {
    const home = mkdtempSync(join(root, "case-"));
    for (const [path, bytes] of Object.entries(files)) {
      mkdirSync(join(home, path, ".."), { recursive: true });
      writeFileSync(join(home, path), bytes);
    }
    return home;
  };
  const load = (home: string, channels = 1, classes: readonly string[] = ["cat", "dog"]) => {
    const { config, events } = machine(home);
    return {
      events,
      effect: loadSource(
        { kind: "images", path: ".", classes },
        [image(1, 2, channels), label(classes.length)],
        config,
      ),
    };
  };
  const grey = (a: number, b: number) => png(2, 1, 8, 0, [[a, b]]);
  const rgb = (...row: number[]) => png(2, 1, 8, 2, [row]);

  it("takes classes in the declared order and files by name, and says what it leaves out", async () => {
    const home = folder({
      "dog/b.png": grey(3, 4),
      "dog/a.PNG": grey(5, 6),
      "cat/z.png": grey(1, 2),
      "cat/note.txt": new Uint8Array(1),
      "cow/a.png": grey(0, 0),
    });
    const { effect, events } = load(home);
    const data = await run(effect);
    expect([...data.columns.get("image")!.data]).toEqual([1, 2, 5, 6, 3, 4]);
    expect([...data.columns.get("label")!.data]).toEqual([0, 1, 1]);
    expect(events).toMatchObject([{ kind: "warning" }]);
    expect(events[0]!.message).toContain("1 files that are no .png, and cow");
  });

  it("fits grey and colour to the declared channels where nothing seen is lost", async () => {
    const pixels = async (channels: number, bytes: Uint8Array) => [
      ...(await run(load(folder({ "cat/a.png": bytes }), channels, ["cat"]).effect)).columns.get("image")!.data,
    ];
    expect(await pixels(3, grey(7, 8))).toEqual([7, 7, 7, 8, 8, 8]);
    expect(await pixels(1, rgb(5, 5, 5, 6, 6, 6))).toEqual([5, 6]);
    expect(await pixels(4, rgb(1, 2, 3, 4, 5, 6))).toEqual([1, 2, 3, 255, 4, 5, 6, 255]);
    expect(await pixels(3, png(2, 1, 8, 6, [[1, 2, 3, 255, 4, 5, 6, 255]]))).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await pixels(4, png(2, 1, 8, 4, [[1, 9, 2, 255]]))).toEqual([1, 1, 1, 9, 2, 2, 2, 255]);
    expect(await errorOf(load(folder({ "cat/a.png": rgb(1, 2, 3, 4, 5, 6) }), 1, ["cat"]).effect)).toMatchObject({
      code: "MTT5508",
      found: "coloured",
    });
    const clear = png(2, 1, 8, 6, [[1, 2, 3, 0, 4, 5, 6, 255]]);
    expect(await errorOf(load(folder({ "cat/a.png": clear }), 3, ["cat"]).effect)).toMatchObject({
      code: "MTT5508",
      found: "partly transparent",
    });
  });

  it("keeps 16 bits, beside 8", async () => {
    const home = folder({
      "cat/a.png": grey(255, 51),
      "cat/b.png": png(2, 1, 16, 0, [[0x80, 0, 255, 255]]),
      "cat/c.png": grey(0, 255),
    });
    const data = await run(load(home, 1, ["cat"]).effect);
    const { data: values } = gather(data, "image", Int32Array.of(0, 1, 2), "f32");
    expect([...values]).toEqual([1, 0.2, 32768 / 65535, 1, 0, 1].map(Math.fround));
  });

  it("refuses other sizes, and missing or empty folders", async () => {
    const wide = folder({ "cat/a.png": png(3, 1, 8, 0, [[1, 2, 3]]), "dog/a.png": grey(1, 2) });
    expect(await errorOf(load(wide).effect)).toMatchObject({
      code: "MTT5508",
      file: join(wide, "cat/a.png"),
      found: "1 x 3",
    });
    const lacks = folder({ "cat/a.png": grey(1, 2) });
    expect(await errorOf(load(lacks).effect)).toMatchObject({ code: "MTT5502", file: join(lacks, "dog") });
    const empty = folder({ "cat/a.txt": new Uint8Array(1), "dog/a.txt": new Uint8Array(1) });
    expect(await errorOf(load(empty).effect)).toMatchObject({ code: "MTT5502", found: "none" });
  });
});
