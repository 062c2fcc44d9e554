import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { layer as nodeFileSystem } from "@effect/platform-node/NodeFileSystem";
import * as Effect from "effect/Effect";
import { verifyStore } from "../../src/store/verify.ts";
import { bundleProgram } from "../../tools/build.ts";
import type { Fault, Point } from "./seam.ts";
import { type Contents, contentsOf, differences } from "./store.ts";

const root = resolve(import.meta.dirname, "../..");

/** Training, solving with iterates kept on the way, scoring in blocks, parts, a report: every kind of write. */
const PROGRAM = `let digits = glyphs(n: 160, seed: 1)
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> dense(12) |> tanh |> dense(10)
train model { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: adam(rate: 0.01), batch: 40, epochs: 5, seed: 1 }
evaluate on_test { model: model, data: digits.test }
influence blame {
  model: model
  test: digits.test |> take(2)
  method: cg(tolerance: 1e-3, damping: auto)
}
influence traced = blame with { method: ekfac() }
report page { show: [curves(model), confusion(on_test), gallery(blame)] }
`;

const random = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

/** One fault that was tried, as a line for people. */
export interface Tried {
  readonly what: string;
  /** `middle of write`, `at a random time`, `cut short`. */
  readonly point: string;
  /** In the store; empty where no file is. */
  readonly path: string;
  /** Killed in the middle of a write. */
  readonly middle: boolean;
  /** A harmed file that the run read. */
  readonly met: boolean;
}

export type Backend = "reference" | "onnx";

/** A folder with the program, and runs of it on stores in it. */
export class Bench implements Disposable {
  readonly #folder: string;
  readonly #backend: Backend;
  readonly #program: string;
  readonly #log: string;
  readonly expected: Contents;
  /** Bytes of the undisturbed store. */
  readonly whole: string;
  /** How long an undisturbed run takes. */
  readonly milliseconds: number;

  private constructor(backend: Backend, program: string, folder: string, expected: Contents, milliseconds: number) {
    this.#backend = backend;
    this.#program = program;
    this.#folder = folder;
    this.#log = join(folder, "faults.log");
    this.expected = expected;
    this.whole = join(folder, "whole");
    this.milliseconds = milliseconds;
  }

  static async open(backend: Backend = "reference"): Promise<Bench> {
    // Below the project, where packages are found.
    const cache = join(root, "node_modules/.cache/mtt-faults");
    mkdirSync(cache, { recursive: true });
    const bundle = mkdtempSync(join(cache, "child-"));
    await bundleProgram(join(bundle, "dist"), "test/faults/child.ts");
    writeFileSync(join(bundle, "package.json"), '{ "type": "module" }');
    const folder = mkdtempSync(join(tmpdir(), "mtt-faults-"));
    writeFileSync(join(folder, "p.mtt"), PROGRAM);
    const program = join(bundle, "dist/mtt.js");
    const first = new Bench(backend, program, folder, new Map(), 0);
    const start = performance.now();
    const { code, stderr } = await first.run("whole");
    const milliseconds = performance.now() - start;
    if (code !== 0) throw new Error(`the undisturbed run failed: ${stderr}`);
    await first.run("again");
    const expected = contentsOf(join(folder, "whole"));
    const unlike = differences(expected, contentsOf(join(folder, "again")));
    if (unlike.length > 0) throw new Error(`two undisturbed runs differ: ${unlike.join("\n")}`);
    return new Bench(backend, program, folder, expected, milliseconds);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
    rmSync(resolve(this.#program, "../.."), { recursive: true, force: true });
  }

  store(name: string): string {
    return join(this.#folder, name);
  }

  /** Runs the program on a store; `kill` ends it from outside after so many milliseconds. */
  run(
    store: string,
    {
      fault,
      kill,
      env = {},
    }: { readonly fault?: Fault; readonly kill?: number; readonly env?: Record<string, string> } = {},
  ) {
    const home = this.store(store);
    const child = spawn(
      process.execPath,
      [this.#program, "run", "p.mtt", "--store", home, "--backend", this.#backend, "--format", "json"],
      {
        cwd: this.#folder,
        env: {
          PATH: process.env.PATH ?? "",
          HOME: "/nonexistent",
          ...env,
          MTT_FAULT: JSON.stringify({ store: home, log: this.#log, ...(fault === undefined ? {} : { fault }) }),
        },
      },
    );
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const timer = kill === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), kill);
    return new Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>(
      (finish, fail) => {
        child.on("error", fail);
        child.on("close", (code, signal) => {
          clearTimeout(timer);
          finish({ code, signal, stdout, stderr });
        });
      },
    );
  }

  /** The point at which the last run was killed. */
  point(): Point | undefined {
    if (!existsSync(this.#log)) return undefined;
    const line = readFileSync(this.#log, "utf8").trimEnd().split("\n").at(-1);
    rmSync(this.#log);
    return line === undefined || line === "" ? undefined : JSON.parse(line);
  }

  verify(store: string) {
    return Effect.runPromise(verifyStore(this.store(store)).pipe(Effect.provide(nodeFileSystem)));
  }
}

/** Kills runs on one store again and again until one comes to its end: nothing on the way is torn, and the end is that of an undisturbed run. */
export async function* kills(bench: Bench, count: number, seed: number): AsyncGenerator<Tried> {
  const next = random(seed);
  let tried = 0;
  for (let chain = 0; tried < count; chain++) {
    const store = `killed-${seed}-${chain}`;
    for (;;) {
      const kind = next();
      const operation = kind < 0.65 ? "write" : kind < 0.72 ? "sync" : kind < 0.82 ? "rename" : "any";
      const fault: Fault | undefined =
        kind < 0.9
          ? {
              operation,
              at: 1 + Math.floor(next() * (operation === "any" ? 90 : 14)),
              when: operation === "write" && next() < 0.9 ? "middle" : next() < 0.5 ? "before" : "after",
            }
          : undefined;
      const options = tried >= count ? {} : fault === undefined ? { kill: next() * bench.milliseconds } : { fault };
      const { code, signal, stderr } = await bench.run(store, options);
      const point = bench.point();
      if (signal === "SIGKILL") {
        tried++;
        const torn = existsSync(join(bench.store(store), "format.json")) ? (await bench.verify(store)).damaged : [];
        if (torn.length > 0)
          throw new Error(`a kill left something torn: ${torn.join(", ")} (${JSON.stringify(point)})`);
        const where = point?.path.slice(bench.store(store).length + 1) ?? "";
        const when = point?.point ?? "at a random time";
        yield {
          what: `seed ${seed}, chain ${chain}: ${when} ${where}`.trimEnd(),
          point: when,
          path: where,
          middle: point?.point.startsWith("middle") === true,
          met: false,
        };
        continue;
      }
      if (code !== 0) throw new Error(`a run after kills failed: ${stderr}`);
      const unlike = differences(bench.expected, contentsOf(bench.store(store)));
      if (unlike.length > 0) throw new Error(`after kills the end is another: ${unlike.join("\n")}`);
      rmSync(bench.store(store), { recursive: true, force: true });
      break;
    }
  }
}

const harms = {
  "a bit flipped": (path: string, place: number) => {
    const bytes = readFileSync(path);
    const at = Math.floor(place * bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(place * 7.99));
    writeFileSync(path, bytes);
  },
  "cut short": (path: string, place: number) => truncateSync(path, Math.floor(place * statSync(path).size)),
  emptied: (path: string) => writeFileSync(path, ""),
  removed: (path: string) => rmSync(path),
  "a piece of zeros": (path: string, place: number) => {
    const bytes = readFileSync(path);
    const at = Math.floor(place * bytes.length);
    // Something else where it was zero already.
    const piece = bytes.subarray(at, at + 64);
    piece.fill(piece.some((byte) => byte !== 0) ? 0 : 1);
    writeFileSync(path, bytes);
  },
  "bytes behind its end": (path: string) =>
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from("more")])),
} as const;

/** Harms one stored file, lets some results be computed again, and runs: the end is the same, and what was harmed is named. */
export async function* corruptions(bench: Bench, count: number, seed: number): AsyncGenerator<Tried> {
  const next = random(seed);
  const names = Object.keys(harms) as readonly (keyof typeof harms)[];
  for (let i = 0; i < count; i++) {
    const store = `harmed-${seed}-${i}`;
    const home = bench.store(store);
    cpSync(bench.whole, home, { recursive: true });
    const files = ["objects", "results"].flatMap((folder) =>
      readdirSync(join(home, folder), { recursive: true, encoding: "utf8" })
        .map((name) => join(folder, name))
        .filter((name) => statSync(join(home, name)).isFile()),
    );
    const file = files[Math.floor(next() * files.length)]!;
    const harm = names[i % names.length]!;
    harms[harm](join(home, file), next());
    // Readers of what was harmed: some results are computed again.
    for (const key of readdirSync(join(home, "results"))) {
      if (next() < 0.5 && !file.includes(key)) rmSync(join(home, "results", key), { recursive: true });
    }
    const hash = file.startsWith("objects") ? file.slice("objects/".length).replace("/", "") : file.split("/")[1]!;
    const { code, stdout, stderr } = await bench.run(store);
    if (code !== 0) throw new Error(`${harm} ${file}: the run failed: ${stderr} ${stdout}`);
    const unlike = differences(bench.expected, contentsOf(home), "steps");
    if (unlike.length > 0) throw new Error(`${harm} ${file}: the end is another: ${unlike.join("\n")}`);
    // Met by the run: set aside and named. Not met: as it was harmed, or written again, to the same bytes; then a look at all finds it.
    const met =
      existsSync(join(home, "damaged")) &&
      readdirSync(join(home, "damaged")).some((name) => name.includes(hash.slice(2)));
    if (met && !stdout.includes(hash)) throw new Error(`${harm} ${file}: set aside, and not named`);
    const { damaged, missing } = await bench.verify(store);
    const found = [...damaged, ...missing].some((what) => what.includes(hash));
    const whole =
      existsSync(join(home, file)) && readFileSync(join(home, file)).equals(readFileSync(join(bench.whole, file)));
    if (!met && !found && !whole && harm !== "removed") throw new Error(`${harm} ${file}: nobody named ${hash}`);
    rmSync(home, { recursive: true, force: true });
    yield {
      what: `seed ${seed}: ${harm}: ${file}${met ? ", met and named" : ""}`,
      point: harm,
      path: file,
      middle: false,
      met,
    };
  }
}
