import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { bundleProgram } from "../../tools/build.ts";

const root = resolve(import.meta.dirname, "../..");

/** The program as it stands, bundled once for all test files and workers: the folder's name is the hash of the sources. */
export const programFile = (async () => {
  const hash = createHash("sha256");
  for (const file of readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).sort()) {
    if (file.endsWith(".ts")) hash.update(file).update(readFileSync(join(root, "src", file)));
  }
  for (const file of ["bin/mtt.js", "tools/build.ts", "package-lock.json"]) hash.update(readFileSync(join(root, file)));
  const cache = join(root, "node_modules/.cache/mtt-test");
  const home = join(cache, hash.digest("hex").slice(0, 16));
  if (!existsSync(home)) {
    mkdirSync(cache, { recursive: true });
    const next = mkdtempSync(join(cache, "next-"));
    await bundleProgram(join(next, "dist"));
    mkdirSync(join(next, "bin"));
    cpSync(join(root, "bin/mtt.js"), join(next, "bin/mtt.js"));
    writeFileSync(join(next, "package.json"), '{ "type": "module" }');
    try {
      renameSync(next, home);
    } catch {
      // Another worker was faster.
      rmSync(next, { recursive: true, force: true });
    }
  }
  return join(home, "bin/mtt.js");
})();

export interface Result {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Options {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Sees the process and what it has printed so far, at each piece of output. */
  readonly watch?: (process: ChildProcess, stdout: string, stderr: string) => void;
}

/** An environment of its own: no settings of whoever runs the tests, no data, no network, no colours. */
export const environment = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  PATH: process.env.PATH ?? "",
  HOME: "/nonexistent",
  XDG_CACHE_HOME: "/nonexistent",
  MTT_MNIST_URL: "http://127.0.0.1:9",
  MTT_CIFAR10_URL: "http://127.0.0.1:9",
  ...more,
});

/** Runs `mtt` as a real process. */
export const mtt = async (
  args: readonly string[],
  { cwd = root, env = {}, input, watch }: Options = {},
): Promise<Result> => {
  const child = track(spawn(process.execPath, [await programFile, ...args], { cwd, env: environment(env) }));
  return new Promise((finish, fail) => {
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      watch?.(child, stdout, stderr);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      watch?.(child, stdout, stderr);
    });
    child.on("error", fail);
    child.on("close", (code, signal) => finish({ code, signal, stdout, stderr }));
    child.stdin.end(input);
  });
};

/** The command line that starts the program, for shells. */
export const shellCommand = async (): Promise<string> => `"${process.execPath}" "${await programFile}"`;

const folders: string[] = [];

/** A folder with these files, gone with `removeFolders`. */
export const folderOf = (files: Readonly<Record<string, string | Uint8Array>> = {}): string => {
  const folder = mkdtempSync(join(tmpdir(), "mtt-cli-"));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
};

/** A process that a failed test left is ended with it. */
const alive = new Set<ChildProcess>();
export const track = <C extends ChildProcess>(child: C): C => {
  alive.add(child);
  child.on("close", () => alive.delete(child));
  return child;
};

export const removeFolders = (): void => {
  for (const child of alive) child.kill("SIGKILL");
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
};

/** A whole experiment that takes a moment: a few drawn digits, pooled, one dense layer. */
export const small = `/// A small experiment.
param epochs: int = 3
param rate: float = 0.01

let digits = glyphs(n: 300, seed: 1)

network Pooled(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> dense(16) |> dropout(keep: 0.9) |> lrelu |> dense(10)

train model {
  network: Pooled
  data: digits.train
  loss: softmax_cross_entropy
  optimizer: adam(rate: rate)
  batch: 50
  epochs: epochs
  seed: 1
}

evaluate on_test {
  model: model
  data: digits.test
}

assert on_test.accuracy > 0.05, "it learns something"

report results {
  show: [summary(Pooled), curves(model), confusion(on_test)]
}
`;

export type Event = { readonly event: string; readonly [name: string]: unknown };

/** The JSON lines of a run; a last line that was cut is left out. */
export const eventsOf = (stdout: string): readonly Event[] =>
  stdout
    .split("\n")
    .slice(0, -1)
    .map((line): Event => JSON.parse(line));

interface Summary {
  readonly status: string;
  readonly key: string;
  readonly seconds: number;
  readonly result: { readonly [name: string]: unknown };
}

/** The last event of a run that came to its end. */
export const finished = (
  stdout: string,
): { readonly status: string; readonly steps: Readonly<Record<string, Summary>> } => {
  if (stdout === "") throw new Error("the run printed nothing");
  const last = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  if (last.event !== "run.finished") throw new Error(`the last line is ${JSON.stringify(last)}`);
  return last;
};
