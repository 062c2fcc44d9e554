import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type Download, download } from "../../src/data/download.ts";
import { refuse } from "../../src/data/error.ts";
import { errorOf, machine, run, temporary } from "./support.ts";

const contents = Uint8Array.from({ length: 300_000 }, (_, k) => (k * k) >> 3);
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const accept = (bytes: Uint8Array) => {
  if (sha256(bytes) !== sha256(contents)) refuse("MTT5510", { message: "the sha256 differs", help: "" });
};

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const whole: Answer = (_, response) => response.writeHead(200, { "content-length": contents.length }).end(contents);
const ranged: Answer = (request, response) => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (from === 0) return whole(request, response);
  response.writeHead(206, {
    "content-range": `bytes ${from}-${contents.length - 1}/${contents.length}`,
    "content-length": contents.length - from,
  });
  response.end(contents.subarray(from));
};
/** Announces all and breaks off. */
const cutOff: Answer = (_, response) => {
  response.writeHead(200, { "content-length": contents.length });
  response.write(contents.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20));
};
const missing: Answer = (_, response) => response.writeHead(404).end("no such file");
const other: Answer = (_, response) => response.end(contents.slice().fill(1));

const servers: ReturnType<typeof createServer>[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** A mirror that answers its requests one after the other, the last answer for all that follow; with the requests it got. */
const mirror = async (...answers: readonly Answer[]) => {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answers[Math.min(ranges.length, answers.length) - 1]!(request, response);
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/file.gz`, ranges };
};

const root = temporary();
const wanted = (...urls: readonly string[]): Download => ({
  name: "file",
  urls,
  target: join(mkdtempSync(join(root, "case-")), "deep", "file.gz"),
  accept,
  limit: 2 ** 20,
});
const folderOf = ({ target }: Download) => readdirSync(join(target, ".."));

describe("download", () => {
  it("keeps an accepted file under its name, and says how far it is", async () => {
    const { url } = await mirror(whole);
    const file = wanted(url);
    const { config, events } = machine(root);
    expect(sha256(await run(download(config, file)))).toBe(sha256(contents));
    expect(sha256(readFileSync(file.target))).toBe(sha256(contents));
    expect(folderOf(file)).toEqual(["file.gz"]);
    const fractions = events.flatMap((event) => (event.kind === "progress" ? [event.fraction!] : []));
    expect(fractions.length).toBeGreaterThan(0);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  });

  it("takes the next mirror after a 404, and after contents that are not accepted", async () => {
    const [none, wrong, good] = [await mirror(missing), await mirror(other), await mirror(whole)];
    const file = wanted(none.url, wrong.url, good.url);
    await run(download(machine(root).config, file));
    expect(none.ranges).toHaveLength(1);
    expect(folderOf(file)).toEqual(["file.gz"]);
  });

  it("goes on where the connection broke", async () => {
    const { url, ranges } = await mirror(cutOff, ranged);
    const file = wanted(url);
    await run(download(machine(root).config, file));
    expect(ranges).toEqual([undefined, "bytes=100000-"]);
    expect(sha256(readFileSync(file.target))).toBe(sha256(contents));
  });

  it("keeps what it got for the next run, and goes on from there", async () => {
    const broken = await mirror(cutOff, (_, response) => response.destroy());
    const file = wanted(broken.url);
    expect((await errorOf(download(machine(root).config, file))).code).toBe("MTT5515");
    const [part] = folderOf(file);
    expect(part).toMatch(/^file\.gz\.[0-9a-f]{8}\.part$/);
    expect(readFileSync(join(file.target, "..", part!)).length).toBe(100_000);
    // The same mirror, up again.
    broken.ranges.length = 0;
    const again = servers.at(-1)!;
    again.removeAllListeners("request");
    again.on("request", (request, response) => {
      broken.ranges.push(request.headers.range);
      ranged(request, response);
    });
    await run(download(machine(root).config, file));
    expect(broken.ranges).toEqual(["bytes=100000-"]);
    expect(folderOf(file)).toEqual(["file.gz"]);
  });

  it("starts anew where the part it has is of another file", async () => {
    const { url, ranges } = await mirror(ranged);
    const file = wanted(url);
    await run(download(machine(root).config, { ...file, urls: [url], accept: () => undefined }));
    const key = createHash("sha256").update(url).digest("hex").slice(0, 8);
    writeFileSync(`${file.target}.${key}.part`, new Uint8Array(5000).fill(7));
    ranges.length = 0;
    expect(sha256(await run(download(machine(root).config, file)))).toBe(sha256(contents));
    expect(ranges).toEqual(["bytes=5000-", undefined]);
  });

  it("takes a server's whole answer where it cannot go on", async () => {
    const { url } = await mirror(cutOff, whole);
    const file = wanted(url);
    expect(sha256(await run(download(machine(root).config, file)))).toBe(sha256(contents));
  });

  it("follows redirects and tries again when the server is busy", async () => {
    const good = await mirror(whole);
    const busy = await mirror(
      (_, response) => response.writeHead(503).end(),
      (_, response) => response.writeHead(302, { location: good.url }).end(),
    );
    await run(download(machine(root).config, wanted(busy.url)));
    expect(busy.ranges).toHaveLength(2);
  });

  it("refuses an answer longer than the file can be, announced or not", async () => {
    const endless: Answer = (_, response) => {
      response.writeHead(200);
      const more = () => response.writable && response.write(contents, () => setImmediate(more));
      more();
    };
    const announced: Answer = (_, response) => response.writeHead(200, { "content-length": 2 ** 40 }).flushHeaders();
    for (const answer of [endless, announced]) {
      const file = wanted((await mirror(answer)).url);
      const error = await errorOf(download(machine(root).config, file));
      expect(error.message).toContain("at most 1.0 MiB");
      expect(folderOf(file)).toEqual([]);
    }
  });

  it("goes through the proxy that the environment names", async () => {
    const asked: string[] = [];
    const proxy = await mirror((request, response) => {
      asked.push(request.url!);
      whole(request, response);
    });
    vi.stubEnv("http_proxy", new URL(proxy.url).origin);
    vi.stubEnv("no_proxy", "");
    try {
      await run(download(machine(root).config, wanted("http://mirror.invalid/file.gz")));
    } finally {
      vi.unstubAllEnvs();
    }
    expect(asked).toEqual(["http://mirror.invalid/file.gz"]);
  });

  it("names every mirror and why it failed", async () => {
    const [none, wrong] = [await mirror(missing), await mirror(other)];
    const error = await errorOf(download(machine(root).config, wanted(none.url, wrong.url)));
    expect(error.message).toBe(`${none.url}: the server answered 404\n${wrong.url}: the sha256 differs`);
  });
});
