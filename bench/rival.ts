import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Spec } from "./specs.ts";

export const python = join(import.meta.dirname, ".venv/bin/python");

/** A Python process that answers each request with its times. */
export interface Rival {
  readonly version: string;
  readonly time: (spec: number, work: string, runs: number) => Promise<readonly number[]>;
  readonly stop: () => void;
}

/** Ends the bench where it cannot run: a table without one of the others says less than it seems to. */
export async function startRival(
  name: "torch" | "jax",
  script: string,
  threads: number,
  specs: readonly Spec[],
): Promise<Rival> {
  const fail = (why: string): never => {
    console.error(
      `${name} cannot run: ${why}\n` +
        "help: python3 -m venv bench/.venv && bench/.venv/bin/pip install -r bench/requirements.txt\n" +
        `      or leave it out: npm run bench -- --without ${name}`,
    );
    process.exit(2);
  };
  if (!existsSync(python)) return fail("there is no bench/.venv");
  const args = [join(import.meta.dirname, script), String(threads), JSON.stringify(specs)];
  const child: ChildProcessWithoutNullStreams = spawn(python, args, {
    env: { ...process.env, OMP_NUM_THREADS: String(threads) },
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Record<string, unknown>> => {
    const { value, done } = await lines.next();
    return done ? fail(errors.trim().split("\n").at(-1) ?? "it ended") : JSON.parse(value);
  };
  const { version } = await next();
  return {
    version: String(version),
    time: async (spec, work, runs) => {
      child.stdin.write(`${JSON.stringify({ spec, work, runs })}\n`);
      return (await next()).ms as readonly number[];
    },
    stop: () => child.kill(),
  };
}
