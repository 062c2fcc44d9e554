import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drawGlyphs } from "../src/data/glyphs.ts";
import { encodeIdx } from "./idx.ts";
import { packages, pythonOf } from "./rival.ts";

const root = join(import.meta.dirname, "..");
/** Milliseconds between two looks at how much memory is held. */
const EVERY = 20;

/** Wall time in milliseconds, and the most memory that the process and those it started held, in MB. */
export interface Run {
  readonly ms: number;
  readonly peak: number;
}

/** The whole of `mtt run pipelines/mnist.mtt`, store and all, and of the script that does the same in PyTorch. Linux only. */
export interface Whole {
  readonly ours: (backend: string, device: string) => Promise<Run>;
  readonly pytorch: () => Promise<Run>;
  readonly end: () => void;
}

/** Both read MNIST's files from `data`; where there is none, digits that mtt draws, written as such files. Both are held to `threads` cores. */
export function whole(data: string | undefined, epochs: number, threads: number): Whole {
  const temporary = mkdtempSync(join(tmpdir(), "mtt-bench-"));
  const folder = data ?? drawFiles(temporary);
  const held = (command: string, args: readonly string[]) =>
    watch("taskset", ["-c", threads === 1 ? "0" : `0-${threads - 1}`, command, ...args], threads);
  return {
    ours: async (backend, device) => {
      const store = mkdtempSync(join(temporary, "store-"));
      const settings = ["--set", `epochs=${epochs}`, "--data", folder, "--store", store];
      const args = ["run", "pipelines/mnist.mtt", "accuracy_on_test", ...settings, "--backend", backend];
      return held(process.execPath, [join(root, "bin/mtt.js"), ...args, "--device", device]);
    },
    pytorch: () =>
      held(pythonOf(packages.training), [
        join(import.meta.dirname, "train.py"),
        folder,
        String(epochs),
        String(threads),
      ]),
    end: () => rmSync(temporary, { recursive: true, force: true }),
  };
}

const SIZES = { train: 12000, test: 2000 } as const;

function drawFiles(folder: string): string {
  const fields = [
    { name: "image", type: { dtype: "f32", shape: [28, 28, 1] } },
    { name: "label", type: { dtype: "i32", shape: [] }, classes: 10 },
  ] as const;
  for (const [part, prefix] of [
    ["train", "train"],
    ["test", "t10k"],
  ] as const) {
    const n = SIZES[part];
    const { columns } = drawGlyphs({ part, n, seed: 1, shape: [28, 28, 1] }, fields);
    writeFileSync(join(folder, `${prefix}-images-idx3-ubyte`), encodeIdx([n, 28, 28], columns.get("image")!.data));
    writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte`), encodeIdx([n], columns.get("label")!.data));
  }
  return folder;
}

async function watch(command: string, args: readonly string[], threads: number): Promise<Run> {
  const begin = performance.now();
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, OMP_NUM_THREADS: String(threads) },
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  let peak = 0;
  const look = setInterval(() => {
    peak = Math.max(peak, heldBy(child.pid!));
  }, EVERY);
  const status = await new Promise((resolve) => child.once("close", resolve));
  const ms = performance.now() - begin;
  clearInterval(look);
  if (status !== 0) {
    const built = existsSync(join(root, "dist/mtt.js")) ? "" : " (mtt is not built: npm run build)";
    throw new Error(`${args.slice(2).join(" ")} failed${built}\n${errors}`);
  }
  return { ms, peak: peak / 1024 };
}

/** Resident kilobytes of a process and those that it started; 0 for one that is gone. */
function heldBy(pid: number): number {
  try {
    const own = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, "utf8")
        .split(" ")
        .filter((text) => text.trim() !== ""),
    );
    return children.reduce((sum, child) => sum + heldBy(Number(child)), own);
  } catch {
    return 0;
  }
}
