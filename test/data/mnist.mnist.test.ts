import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { gather } from "../../src/data/gather.ts";
import { loadSource } from "../../src/data/load.ts";
import { image, label, machine, run, temporary } from "./support.ts";

const folder = process.env.MTT_DATA;
if (!folder) throw new Error("set MTT_DATA to the folder that holds MNIST's four files");

const fields = [image(28, 28, 1), label(10)];
const home = temporary();

describe("MNIST itself", () => {
  it("is read whole, without a warning", async () => {
    const { config, events } = machine(home, { MTT_DATA: folder });
    const train = await run(loadSource({ kind: "mnist", part: "train" }, fields, config));
    expect(events).toEqual([]);
    expect(train.origin).toBe("mnist");
    expect(train.index.length).toBe(60_000);
  });

  it("has the labels, counts and brightness that are known of it", async () => {
    const { config } = machine(home, { MTT_DATA: folder });
    const train = await run(loadSource({ kind: "mnist", part: "train" }, fields, config));
    const test = await run(loadSource({ kind: "mnist", part: "test" }, fields, config));
    const counts = (data: typeof train) => {
      const found = new Array<number>(10).fill(0);
      for (const digit of data.columns.get("label")!.data) found[digit]!++;
      return found;
    };
    expect([...train.columns.get("label")!.data.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    expect(counts(train)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(counts(test)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    // The mean that everyone normalizes with: 0.1307.
    let sum = 0;
    for (const byte of train.columns.get("image")!.data) sum += byte;
    expect(sum / 255 / (60_000 * 784)).toBeCloseTo(0.1307, 4);
    const first = gather(train, "image", Int32Array.of(0), "f32").data;
    expect(Math.max(...first)).toBe(1);
  });

  it("is downloaded, accepted and found in the cache ever after, and had again when damaged there", async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      const file = join(folder, request.url!.replace("/mnist/", ""));
      response.end(existsSync(file) ? readFileSync(file) : gzipSync(readFileSync(file.replace(/\.gz$/, ""))));
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/mnist`;
    const { config, events } = machine(home, { MTT_MNIST_URL: url });
    const test = loadSource({ kind: "mnist", part: "test" }, fields, config);
    const first = await run(test);
    expect(asked).toEqual(["/mnist/t10k-images-idx3-ubyte.gz", "/mnist/t10k-labels-idx1-ubyte.gz"]);
    expect(events.every(({ kind }) => kind === "progress")).toBe(true);
    expect((await run(test)).hash).toBe(first.hash);
    expect(asked).toHaveLength(2);
    const cached = join(home, "cache", "mtt", "mnist", "t10k-labels-idx1-ubyte.gz");
    writeFileSync(cached, readFileSync(cached).subarray(0, 1000));
    expect((await run(test)).hash).toBe(first.hash);
    expect(asked).toHaveLength(3);
    expect(events.filter(({ kind }) => kind === "warning")).toHaveLength(1);
    server.close();
  });
});
