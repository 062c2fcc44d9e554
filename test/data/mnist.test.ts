import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { loadSource } from "../../src/data/load.ts";
import type { Source } from "../../src/plan/dataset.ts";
import { errorOf, idx, image, label, machine, run, temporary } from "./support.ts";

const root = temporary();
const folder = () => mkdtempSync(join(root, "case-"));
const fields = [image(28, 28, 1), label(10)];
const test: Source = { kind: "mnist", part: "test" };
const names = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] as const;
const images = (n: number, first = 0) => idx([n, 28, 28], new Uint8Array(n * 784).fill(first, 0, 784));
const labels = (n: number) =>
  idx(
    [n],
    Uint8Array.from({ length: n }, (_, k) => k % 10),
  );

const write = (
  inside: string,
  pictures: Uint8Array,
  tags: Uint8Array,
  naming: (name: string) => string = (name) => name,
) => {
  mkdirSync(inside, { recursive: true });
  writeFileSync(join(inside, naming(names[0])), pictures);
  writeFileSync(join(inside, naming(names[1])), tags);
};

/** A mirror that refuses connections at once: a port nobody listens to. */
const closedPort = () =>
  new Promise<string>((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => done(`http://127.0.0.1:${port}/mnist`));
    });
  });

describe("mnist", () => {
  it("is read from --data before MTT_DATA, and says that these are not MNIST's own contents", async () => {
    const home = folder();
    write(join(home, "flag"), images(3, 200), labels(3));
    write(join(home, "variable"), images(2), labels(2));
    const { config, events } = machine(home, { MTT_DATA: join(home, "variable") }, join(home, "flag"));
    const data = await run(loadSource(test, fields, config));
    expect(data.index.length).toBe(3);
    expect(data.columns.get("image")!.data[0]).toBe(200);
    expect(data.origin).toBe(`mnist (other contents, from ${join(home, "flag")})`);
    expect(events).toMatchObject([{ kind: "warning" }]);
    expect(events[0]!.message).toContain("sha256 differs");
  });

  it("goes on to MTT_DATA where --data lacks a file", async () => {
    const home = folder();
    mkdirSync(join(home, "flag"));
    writeFileSync(join(home, "flag", names[0]), images(3));
    write(join(home, "variable"), images(2), labels(2));
    const { config } = machine(home, { MTT_DATA: join(home, "variable") }, join(home, "flag"));
    expect((await run(loadSource(test, fields, config))).index.length).toBe(2);
  });

  it("is found gzipped, in torchvision's folder and under dotted names, always the same data", async () => {
    const home = folder();
    const pack = (bytes: Uint8Array) => Uint8Array.from(gzipSync(bytes));
    write(join(home, "a"), images(2), labels(2));
    write(join(home, "b"), pack(images(2)), pack(labels(2)), (name) => `${name}.gz`);
    write(join(home, "c", "MNIST", "raw"), images(2), labels(2));
    write(join(home, "d", "mnist"), images(2), labels(2), (name) => name.replace("-idx", ".idx"));
    const hashes = await Promise.all(
      ["a", "b", "c", "d"].map(
        async (name) => (await run(loadSource(test, fields, machine(home, {}, join(home, name)).config))).hash,
      ),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  it("refuses images and labels that are not pairs", async () => {
    const home = folder();
    write(home, images(3), labels(2));
    expect(await errorOf(loadSource(test, fields, machine(home, {}, home).config))).toMatchObject({
      code: "MTT5506",
      expected: "3 examples",
      found: "2 examples",
    });
  });

  it("stops at a damaged file in a folder that the user named", async () => {
    const home = folder();
    write(home, images(3).subarray(0, 1000), labels(3));
    const error = await errorOf(loadSource({ ...test, fallback: glyphs }, fields, machine(home, {}, home).config));
    expect(error).toMatchObject({ code: "MTT5504", file: join(home, names[0]), offset: 1000 });
  });

  it("refuses a declared type that MNIST has not", async () => {
    const home = folder();
    const error = await errorOf(loadSource(test, [image(28, 28, 3), label(10)], machine(home).config));
    expect(error).toMatchObject({ code: "MTT5508" });
    expect(error.message).toContain("f32[28, 28, 1]");
  });

  it("that cannot be had is an error that names what was tried and three ways out", async () => {
    const home = folder();
    const mirror = await closedPort();
    const { config } = machine(home, { MTT_DATA: join(home, "nowhere"), MTT_MNIST_URL: mirror });
    const error = await errorOf(loadSource(test, fields, config));
    expect(error.code).toBe("MTT5501");
    expect(error.message).toContain(`MTT_DATA ${join(home, "nowhere")}: no ${names[0]}`);
    expect(error.message).toContain(join(home, "cache", "mtt", "mnist"));
    expect(error.message).toContain(`${mirror}/${names[0]}.gz: `);
    for (const way of ["--data", "MTT_DATA", "MTT_MNIST_URL", "fallback: glyphs("]) expect(error.help).toContain(way);
  });

  const glyphs: Source = { kind: "glyphs", part: "test", n: 20, seed: 1, shape: [28, 28, 1] };

  it("takes the declared fallback then, loudly, and it is the same data as glyphs themselves", async () => {
    const home = folder();
    const { config, events } = machine(home, { MTT_MNIST_URL: await closedPort() });
    const data = await run(loadSource({ ...test, fallback: glyphs }, fields, config));
    expect(data.origin).toBe("glyphs (fallback of mnist)");
    expect(events.filter(({ kind }) => kind === "warning")).toHaveLength(1);
    expect(events.at(-1)!.message).toMatch(/^NOT mnist: .*glyphs[\s\S]*Tried:/);
    expect(data.hash).toBe((await run(loadSource(glyphs, fields, config))).hash);
  });

  it("does not take the fallback while it can be read", async () => {
    const home = folder();
    write(home, images(1), labels(1));
    const data = await run(loadSource({ ...test, fallback: glyphs }, fields, machine(home, {}, home).config));
    expect(data.index.length).toBe(1);
  });
});
