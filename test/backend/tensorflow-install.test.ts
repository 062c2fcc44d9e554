import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import * as NodeServices from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as Result from "effect/Result";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cudaRequirements } from "../../src/backend/tensorflow/install/cuda.ts";
import { type InstallConfig, install } from "../../src/backend/tensorflow/install/install.ts";
import { releaseFor } from "../../src/backend/tensorflow/install/release.ts";
import { layerHttp } from "../../src/data/http.ts";

/** A zip archive of these files, every second one stored. */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  const table: Buffer[] = [];
  let offset = 0;
  Object.entries(files).forEach(([path, text], i) => {
    const bytes = Buffer.from(text);
    const method = i % 2 === 0 ? 8 : 0;
    const packed = method === 8 ? deflateRawSync(bytes) : bytes;
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(method, 4);
    common.writeUInt32LE(crc32(bytes), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(bytes.length, 18);
    common.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(path), packed]);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(offset, 10);
    table.push(Buffer.concat([Buffer.from("PK\x01\x02\x14\x00"), common, central, Buffer.from(path)]));
    parts.push(local);
    offset += local.length;
  });
  const directory = Buffer.concat(table);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(table.length, 4);
  end.writeUInt16LE(table.length, 6);
  end.writeUInt32LE(directory.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...parts, directory, Buffer.from("PK\x05\x06"), end]);
}

const contents = {
  "tensorflow/libtensorflow_cc.so.2": "the library ".repeat(1000),
  "tensorflow/libtensorflow_framework.so.2": "the framework",
  "tensorflow/include/tensorflow/c/c_api.h": "// a header",
  "tensorflow/python/not_needed.py": "print(1)",
};
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const wheelName = "tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mtt-install-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const script = (name: string, text: string) => {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(bin, name), 0o755);
};

/** Writes what it was called with into the file after `-o`, if the header and the sources are where it was told. */
const COMPILER = `
out=""; next=0; include=""
for argument in "$@"; do
  case "$argument" in -I*) include="\${argument#-I}";; esac
  if [ $next = 1 ]; then out="$argument"; next=0; fi
  if [ "$argument" = "-o" ]; then next=1; fi
done
[ -f "$include/tensorflow/c/c_api.h" ] || { echo "fatal error: no c_api.h in $include" >&2; exit 1; }
[ -f tfjs_binding.cc ] || { echo "fatal error: no tfjs_binding.cc" >&2; exit 1; }
echo "$@" > "$out"`;

/** A machine with a home, a compiler, the addon's package, and nothing else: no pip, no npm, no network. */
function machine(wheel = zip(contents), config: Partial<InstallConfig> = {}) {
  const modules = join(folder, "node_modules");
  const addon = join(modules, "@tensorflow/tfjs-node-gpu");
  mkdirSync(join(addon, "binding"), { recursive: true });
  writeFileSync(join(addon, "package.json"), JSON.stringify({ version: "4.22.0" }));
  writeFileSync(join(addon, "binding/tfjs_backend.cc"), "");
  writeFileSync(join(addon, "binding/tfjs_binding.cc"), "");
  script("g++", COMPILER);
  for (const tool of ["sh", "cat", "echo"]) script(`${tool}-`, "");
  const said: string[] = [];
  const environment = { HOME: folder, XDG_CACHE_HOME: join(folder, "cache"), PATH: join(folder, "bin") };
  const settings: InstallConfig = {
    device: "cpu",
    environment,
    platform: "linux-x64",
    modules,
    report: ({ message }) => said.push(message),
    check: () => Effect.succeed(undefined),
    release: { ...releaseFor("cpu"), wheels: new Map([[sha256(wheel), wheelName]]) },
    space: 1e6,
    ...config,
  };
  return { settings, said, cache: join(folder, "cache/mtt/tensorflow") };
}

const run = (settings: InstallConfig) =>
  Effect.runPromise(
    install(settings).pipe(Effect.result, Effect.provide(layerHttp), Effect.provide(NodeServices.layer), Effect.scoped),
  );
const succeeds = async (settings: InstallConfig) => Result.getOrThrow(await run(settings));
const fails = async (settings: InstallConfig) => {
  const result = await run(settings);
  if (Result.isSuccess(result)) throw new Error(`it succeeded: ${result.success}`);
  return result.failure;
};

function given(wheel: Buffer): string {
  const file = join(folder, wheelName);
  writeFileSync(file, wheel);
  return file;
}

async function serving<A>(listener: RequestListener, use: (url: string) => Promise<A>): Promise<A> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe("TensorFlow is installed", () => {
  it("from a wheel that is there: libraries and addon in the user's cache, and nothing else", async () => {
    const wheel = zip(contents);
    const { settings, cache } = machine(wheel);
    const place = await succeeds({ ...settings, wheel: given(wheel) });
    expect(place.startsWith(cache)).toBe(true);
    expect(readdirSync(place).sort()).toEqual(["installed.json", "quiet.node", "tensorflow", "tfjs_binding.node"]);
    expect(readdirSync(join(place, "tensorflow")).sort()).toEqual([
      "libtensorflow_cc.so.2",
      "libtensorflow_framework.so.2",
    ]);
    expect(readFileSync(join(place, "tensorflow/libtensorflow_cc.so.2"), "utf8")).toBe(
      contents["tensorflow/libtensorflow_cc.so.2"],
    );
    expect(readFileSync(join(place, "tfjs_binding.node"), "utf8")).toContain("$ORIGIN/tensorflow");
    expect(readdirSync(cache)).toEqual([place.slice(cache.length + 1)]);
  });

  it("once: again, nothing is read or built", async () => {
    const wheel = zip(contents);
    const { settings } = machine(wheel);
    const place = await succeeds({ ...settings, wheel: given(wheel) });
    rmSync(join(folder, "bin"), { recursive: true });
    const { settings: without } = { settings: { ...settings, wheel: join(folder, "gone.whl") } };
    expect(await succeeds(without)).toBe(place);
  });

  it("anew over what an earlier version built, which it stands for until it is whole", async () => {
    const wheel = zip(contents);
    const { settings, cache } = machine(wheel);
    const place = await succeeds({ ...settings, wheel: given(wheel) });
    const made = join(place, "installed.json");
    const { build, ...earlier } = JSON.parse(readFileSync(made, "utf8"));
    expect(build).toBeGreaterThan(1);
    writeFileSync(made, JSON.stringify(earlier));
    writeFileSync(join(place, "tfjs_binding.node"), "an earlier addon");
    expect(await fails({ ...settings, wheel: join(folder, "gone.whl") })).toMatchObject({ code: "MTT5304" });
    expect(readFileSync(join(place, "tfjs_binding.node"), "utf8")).toBe("an earlier addon");
    expect(await succeeds({ ...settings, wheel: given(wheel) })).toBe(place);
    expect(readFileSync(join(place, "tfjs_binding.node"), "utf8")).toContain("runs.cc");
    expect(readdirSync(place).sort()).toEqual(["installed.json", "quiet.node", "tensorflow", "tfjs_binding.node"]);
    expect(readdirSync(cache)).toEqual([place.slice(cache.length + 1)]);
  });

  it("with what an earlier version built, where putting the new one in its place was killed", async () => {
    const wheel = zip(contents);
    const { settings } = machine(wheel);
    const place = await succeeds({ ...settings, wheel: given(wheel) });
    renameSync(place, `${place}.earlier`);
    const { settings: without } = { settings: { ...settings, wheel: join(folder, "gone.whl") } };
    expect(await succeeds(without)).toBe(place);
    expect(existsSync(`${place}.earlier`)).toBe(false);
  });

  it("after one that was killed, whose unfinished folder goes", async () => {
    const wheel = zip(contents);
    const { settings, cache } = machine(wheel);
    mkdirSync(join(cache, ".new-cpu-x1y2z3/tensorflow"), { recursive: true });
    mkdirSync(join(cache, ".new-cuda-x1y2z3"));
    const place = await succeeds({ ...settings, wheel: given(wheel) });
    expect(readdirSync(cache).sort()).toEqual([".new-cuda-x1y2z3", place.slice(cache.length + 1)]);
  });

  it("once by two at the same time", async () => {
    const wheel = zip(contents);
    const { settings, said } = machine(wheel);
    const file = given(wheel);
    const [one, other] = await Promise.all([
      succeeds({ ...settings, wheel: file }),
      succeeds({ ...settings, wheel: file }),
    ]);
    expect(one).toBe(other);
    expect(said.filter((line) => line === "building the addon")).toHaveLength(1);
    expect(said).toContain("another process installs it; waiting");
  });

  it("by pip, which shows how far it is", async () => {
    const wheel = zip(contents);
    const { settings, said } = machine(wheel);
    const file = given(wheel);
    const copy = `[ "$1" = download ] || exit 1
while [ $# -gt 0 ]; do [ "$1" = "--dest" ] && dest="$2"; shift; done
echo "Progress 512 of 1024"
while IFS= read -r line || [ -n "$line" ]; do :; done < /dev/null
/bin/cp ${file} "$dest/"`;
    script("pip3", copy);
    await succeeds(settings);
    expect(said).toContain("downloading tensorflow-cpu");
  });

  it("from the server that pip names; stopped in the middle, the next run goes on", async () => {
    const wheel = zip({ ...contents, "tensorflow/python/more.py": "x".repeat(200_000) });
    const { settings } = machine(wheel);
    let down = true;
    const ranges: (string | undefined)[] = [];
    await serving(
      ({ headers: { range } }, response) => {
        ranges.push(range);
        const start = Number(/bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
        const rest = wheel.subarray(start);
        response.writeHead(start > 0 ? 206 : 200, {
          "content-length": rest.length,
          ...(start > 0 ? { "content-range": `bytes ${start}-${wheel.length - 1}/${wheel.length}` } : {}),
        });
        if (!down) response.end(rest);
        else if (start > 0) response.destroy();
        else response.write(rest.subarray(0, 1000), () => setTimeout(() => response.destroy(), 50));
      },
      async (url) => {
        const archive_info = { hashes: { sha256: sha256(wheel) } };
        const plan = JSON.stringify({ install: [{ download_info: { url: `${url}/${wheelName}`, archive_info } }] });
        script(
          "pip3",
          `[ "$1" = install ] || { echo "no connection" >&2; exit 1; }
while [ $# -gt 0 ]; do [ "$1" = "--report" ] && report="$2"; shift; done
echo '${plan}' > "$report"`,
        );
        expect(await fails(settings)).toMatchObject({
          code: "MTT5304",
          message: expect.stringContaining("no connection"),
        });
        const asked = ranges.length;
        down = false;
        expect(existsSync(await succeeds(settings))).toBe(true);
        expect(ranges[0]).toBeUndefined();
        expect(ranges[asked]).toBe("bytes=1000-");
        expect(ranges).toHaveLength(asked + 1);
      },
    );
  });

  for (const kind of ["JSON", "HTML"] as const)
    it(`over HTTPS where there is no pip, from the configured index that answers in ${kind}; interrupted, it goes on`, async () => {
      const wheel = zip({ ...contents, "tensorflow/python/more.py": "x".repeat(200_000) });
      const { settings } = machine(wheel);
      let cut = true;
      const ranges: (string | undefined)[] = [];
      await serving(
        (request, response) => {
          if (request.url === "/simple/tensorflow-cpu/") {
            const url = `../../files/${wheelName}`;
            response.end(
              kind === "JSON"
                ? JSON.stringify({ files: [{ url, hashes: { sha256: sha256(wheel) } }] })
                : `<a href="../../files/other.whl#sha256=${"0".repeat(64)}">x</a><a href="${url}#sha256=${sha256(wheel)}">y</a>`,
            );
            return;
          }
          ranges.push(request.headers.range);
          const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
          const rest = wheel.subarray(start);
          response.writeHead(start > 0 ? 206 : 200, {
            "content-length": rest.length,
            ...(start > 0 ? { "content-range": `bytes ${start}-${wheel.length - 1}/${wheel.length}` } : {}),
          });
          if (!cut) return response.end(rest);
          cut = false;
          response.write(rest.subarray(0, 1000), () => setTimeout(() => request.destroy(), 50));
        },
        async (url) => {
          const environment = { ...settings.environment, PIP_INDEX_URL: `${url}/simple/` };
          expect(existsSync(await succeeds({ ...settings, environment }))).toBe(true);
        },
      );
      expect(ranges[0]).toBeUndefined();
      expect(ranges[1]).toBe("bytes=1000-");
    });

  it("with the addon's package from npm, where npm left it out", async () => {
    const wheel = zip(contents);
    const { settings } = machine(wheel);
    rmSync(join(settings.modules, "@tensorflow"), { recursive: true });
    const source = join(folder, "package/binding");
    mkdirSync(source, { recursive: true });
    for (const name of ["tfjs_backend.cc", "tfjs_binding.cc"]) writeFileSync(join(source, name), "//");
    script(
      "npm",
      `[ "$2" = "@tensorflow/tfjs-node-gpu@4.22.0" ] || exit 1
PATH=/usr/bin:/bin tar -C ${folder} -czf "$5/addon.tgz" package/binding/tfjs_backend.cc package/binding/tfjs_binding.cc
echo addon.tgz`,
    );
    expect(existsSync(await succeeds({ ...settings, wheel: given(wheel) }))).toBe(true);
  });
});

describe("TensorFlow is not installed", () => {
  const left = (cache: string) => (existsSync(cache) ? readdirSync(cache).filter((name) => name !== "downloads") : []);

  it("where the wheel is another file", async () => {
    const { settings, cache } = machine();
    const error = await fails({ ...settings, wheel: given(zip({ other: "x" })) });
    expect(error).toMatchObject({ code: "MTT5305" });
    expect(error.message).toContain("sha256");
    expect(left(cache)).toEqual([]);
  });

  it("where the wheel is not there", async () => {
    const { settings } = machine();
    expect(await fails({ ...settings, wheel: join(folder, "no.whl") })).toMatchObject({ code: "MTT5304" });
  });

  it("where the wheel was cut off", async () => {
    const wheel = zip(contents);
    const half = wheel.subarray(0, wheel.length / 2);
    const { settings, cache } = machine(half);
    const error = await fails({ ...settings, wheel: given(half) });
    expect(error).toMatchObject({ code: "MTT5305", message: expect.stringContaining("cut off") });
    expect(left(cache)).toEqual([]);
  });

  it("where there is no compiler", async () => {
    const wheel = zip(contents);
    const { settings, cache } = machine(wheel);
    rmSync(join(folder, "bin"), { recursive: true });
    const error = await fails({ ...settings, wheel: given(wheel) });
    expect(error).toMatchObject({ code: "MTT5303", message: expect.stringContaining("g++, clang++, c++") });
    expect(error.help).toContain("CXX");
    expect(left(cache)).toEqual([]);
  });

  it("where the compiler fails, and says its first error", async () => {
    const wheel = zip(contents);
    const { settings, cache } = machine(wheel);
    script("g++", "echo 'a.cc:1: error: no such type' >&2; echo done >&2; exit 1");
    const error = await fails({ ...settings, wheel: given(wheel) });
    expect(error).toMatchObject({ code: "MTT5303", message: expect.stringContaining("no such type") });
    expect(left(cache)).toEqual([]);
  });

  it("where what was built does not compute", async () => {
    const wheel = zip(contents);
    const { settings, cache } = machine(wheel);
    const check = () => Effect.succeed("undefined symbol");
    const error = await fails({ ...settings, wheel: given(wheel), check });
    expect(error).toMatchObject({ code: "MTT5303", message: expect.stringContaining("undefined symbol") });
    expect(left(cache)).toEqual([]);
  });

  it("on another platform", async () => {
    const { settings } = machine();
    const error = await fails({ ...settings, platform: "win32-x64" });
    expect(error).toMatchObject({ code: "MTT5302", message: expect.stringContaining("win32-x64") });
    expect(error.help).toContain("onnx");
  });

  it.runIf(process.platform === "linux" && process.getuid?.() === 0)("where the disk fills up", async () => {
    const wheel = zip({ ...contents, "tensorflow/libtensorflow_cc.so.2": "x".repeat(3_000_000) });
    const { settings } = machine(wheel);
    const file = given(wheel);
    const small = join(folder, "small");
    mkdirSync(small);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", small]);
    try {
      const environment = { ...settings.environment, XDG_CACHE_HOME: small };
      const error = await fails({ ...settings, environment, wheel: file, space: 0 });
      expect(error).toMatchObject({ code: "MTT5306", message: expect.stringContaining(small) });
      expect(error.help).toContain("XDG_CACHE_HOME");
      expect(left(join(small, "mtt/tensorflow"))).toEqual([]);
    } finally {
      execFileSync("umount", [small]);
    }
  });

  it("where the disk has no room", async () => {
    const { settings } = machine();
    const error = await fails({ ...settings, space: 1e18 });
    expect(error).toMatchObject({ code: "MTT5306", message: expect.stringContaining("1000000000.0 GB are needed") });
  });

  it("where the cache cannot be made", async () => {
    const { settings } = machine();
    writeFileSync(join(folder, "file"), "");
    const environment = { ...settings.environment, XDG_CACHE_HOME: join(folder, "file") };
    expect(await fails({ ...settings, environment })).toMatchObject({ code: "MTT5306" });
  });

  it("where nothing can be reached", async () => {
    const { settings } = machine();
    const PIP_INDEX_URL = await serving(
      (_, response) => response.end(),
      async (url) => url,
    );
    const error = await fails({ ...settings, environment: { ...settings.environment, PIP_INDEX_URL } });
    expect(error).toMatchObject({ code: "MTT5304", message: expect.stringContaining("there is no pip") });
    expect(error.help).toContain("--wheel");
  });

  it("where the index serves another file under the name", async () => {
    const wheel = zip(contents);
    const { settings } = machine(wheel);
    await serving(
      (request, response) => {
        if (request.url?.endsWith("/tensorflow-cpu/"))
          response.end(JSON.stringify({ files: [{ url: "/file.whl", hashes: { sha256: sha256(wheel) } }] }));
        else response.end("something else");
      },
      async (url) => {
        const environment = { ...settings.environment, PIP_INDEX_URL: url };
        expect(await fails({ ...settings, environment })).toMatchObject({ code: "MTT5305" });
      },
    );
  });
});

describe("a wheel's metadata", () => {
  it("names what CUDA needs", () => {
    const metadata = [
      "Requires-Dist: numpy>=1.26.0",
      'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"',
      'Requires-Dist: nvidia-nccl-cu12<3.0,>=2.27.7; extra == "and-cuda"',
    ].join("\n");
    expect(cudaRequirements(metadata)).toEqual(["nvidia-cublas-cu12<13.0,>=12.5.3.2", "nvidia-nccl-cu12<3.0,>=2.27.7"]);
  });
});
