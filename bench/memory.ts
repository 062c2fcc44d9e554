import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const EVERY = 20;

/** The most memory that one `mtt run` and its processes held, in MB: a short training with an empty store. Linux only. */
export async function peakMemory(backend: string, device: string): Promise<number> {
  const store = mkdtempSync(join(tmpdir(), "mtt-bench-"));
  const args = [
    "run",
    join(import.meta.dirname, "digits.mtt"),
    "--store",
    store,
    "--backend",
    backend,
    "--device",
    device,
  ];
  const child = spawn(process.execPath, [join(root, "bin/mtt.js"), ...args], { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, heldBy(child.pid!));
  }, EVERY);
  const status = await new Promise((resolve) => child.once("close", resolve));
  clearInterval(watch);
  rmSync(store, { recursive: true, force: true });
  if (status !== 0) throw new Error(`mtt run failed (is it built? npm run build)\n${errors}`);
  return peak / 1024;
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
