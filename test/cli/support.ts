import { type SpawnOptionsWithoutStdio, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll } from "vitest";
import { bundleProgram } from "../../tools/build.ts";

/** The program as it is now, bundled for the tests; never what `npm run build` left behind. */
export const bundle = async (): Promise<string> => {
  const folder = mkdtempSync(join(resolve(import.meta.dirname, "../../node_modules"), ".mtt-test-"));
  trash.push(folder);
  await bundleProgram(folder);
  return join(folder, "mtt.js");
};

const trash: string[] = [];
afterAll(() => {
  for (const folder of trash) rmSync(folder, { recursive: true, force: true });
});

/** A new folder with these files. */
export const project = (files: Readonly<Record<string, string | Uint8Array>>): string => {
  const folder = mkdtempSync(join(tmpdir(), "mtt-cli-"));
  trash.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
};

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Settles when the text was seen on stdout, or the process has ended. */
  readonly saw: (text: string) => Promise<void>;
}

/** One line for each event. */
export interface Line {
  readonly event: string;
  readonly step?: string;
  readonly status?: string;
  readonly epoch?: number;
  readonly accuracy?: number;
  readonly steps?: Readonly<
    Record<
      string,
      { readonly status: string; readonly key: string; readonly result: Readonly<Record<string, unknown>> }
    >
  >;
}

export const lines = (text: string): readonly Line[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Line => JSON.parse(line));

const { MTT_DATA: _, ...environment } = process.env;

export const start = (program: string, cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running => {
  const options: SpawnOptionsWithoutStdio = {
    cwd,
    env: { ...environment, NO_COLOR: "1", XDG_CACHE_HOME: join(cwd, "cache"), ...env },
  };
  const child = spawn(process.execPath, [program, ...args], options);
  let [out, err] = ["", ""];
  const watchers = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
    for (const watcher of watchers) watcher();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  const ended = new Promise<Ended>((done) => {
    child.on("close", (code, signal) => {
      done({ code, signal, out, err });
      for (const watcher of watchers) watcher();
    });
  });
  return {
    pid: child.pid!,
    ended,
    saw: (text) =>
      new Promise((done) => {
        const watcher = () => {
          if (!out.includes(text) && child.exitCode === null && child.signalCode === null) return;
          watchers.delete(watcher);
          done();
        };
        watchers.add(watcher);
        watcher();
      }),
  };
};

/** A network that trains in well under a second. `epochs` is its param. */
export const tiny = `param epochs: int = 3
let digits = glyphs(n: 600, seed: 1)
network Small(image: f32[28, 28, 1]) -> f32[10] =
  image |> conv(4, stride: 4x4) |> relu |> flatten |> dropout(keep: 0.9) |> dense(10)
train model {
  network: Small
  data: digits.train
  loss: softmax_cross_entropy
  optimizer: adam(rate: 1e-2)
  batch: 64
  epochs: epochs
  seed: 1
}
evaluate on_test { model: model, data: digits.test, metrics: [accuracy, loss] }
assert on_test.accuracy >= 0.2
`;
