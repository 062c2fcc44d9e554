import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import { selectBackend } from "../src/backend/available.ts";
import { peakMemory } from "./memory.ts";
import { works } from "./works.ts";

// The time of one call of each work, ours against PyTorch and JAX: in turns, a few calls each, so that what else the machine does meets all of them.

const { values: flags } = parseArgs({
  options: {
    backend: { type: "string", default: "onnx" },
    device: { type: "string", default: "cpu" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "12" },
    only: { type: "string", multiple: true, default: [] },
    without: { type: "string", multiple: true, default: [] },
    json: { type: "string" },
  },
});
const CALLS = 5;
/** Threads of the one before may still spin for work. */
const PAUSE = 50;
const threads = Number(flags.threads);
const rounds = Number(flags.rounds);
const python = join(import.meta.dirname, ".venv/bin/python");

interface Rival {
  readonly version: string;
  readonly time: (work: string, runs: number) => Promise<readonly number[]>;
  readonly stop: () => void;
}

/** A Python process that answers each request with its times. */
async function rival(name: string, script: string): Promise<Rival | undefined> {
  if (flags.without.includes(name)) return undefined;
  const fail = (why: string): never => {
    console.error(
      `${name} cannot run: ${why}\n` +
        "help: python3 -m venv bench/.venv && bench/.venv/bin/pip install -r bench/requirements.txt\n" +
        `      or leave it out: npm run bench -- --without ${name}`,
    );
    process.exit(2);
  };
  if (!existsSync(python)) return fail("there is no bench/.venv");
  const child: ChildProcessWithoutNullStreams = spawn(python, [join(import.meta.dirname, script), String(threads)], {
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
    time: async (work, runs) => {
      child.stdin.write(`${JSON.stringify({ work, runs })}\n`);
      return (await next()).ms as readonly number[];
    },
    stop: () => child.kill(),
  };
}

const quantile = (sorted: readonly number[], q: number) => sorted[Math.round(q * (sorted.length - 1))]!;
const round = (x: number) => Math.round(x * 100) / 100;

/** Median, the middle half and the least of the times, in milliseconds. */
function summary(times: readonly number[]) {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    median: round(quantile(sorted, 0.5)),
    low: round(quantile(sorted, 0.25)),
    high: round(quantile(sorted, 0.75)),
    best: round(sorted[0]!),
  };
}

const scope = Effect.runSync(Scope.make());
const backend = await Effect.runPromise(selectBackend(flags.backend as "onnx", flags.device, threads));
const pytorch = await rival("torch", "pytorch.py");
const jax = await rival("jax", "jit.py");
console.log(`${backend.identity}, torch ${pytorch?.version ?? "-"}, jax ${jax?.version ?? "-"}, ${threads} threads`);
console.log("milliseconds: median (middle half, least)");

const rows = [];
for (const { work, goal, open } of works) {
  if (flags.only.length > 0 && !flags.only.includes(work)) continue;
  const call = await Effect.runPromise(Scope.provide(open(backend), scope));
  const ours = async (runs: number) => {
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      const begin = performance.now();
      await Effect.runPromise(call);
      times.push(performance.now() - begin);
    }
    return times;
  };
  const contenders = { ours, pytorch: pytorch?.time, jax: jax?.time };
  const times: Record<keyof typeof contenders, number[]> = { ours: [], pytorch: [], jax: [] };
  for (let turn = 0; turn <= rounds; turn++)
    for (const name of ["ours", "pytorch", "jax"] as const) {
      await setTimeout(PAUSE);
      const taken = name === "ours" ? await ours(CALLS) : await contenders[name]?.(work, CALLS);
      // The first turn warms up.
      if (turn > 0 && taken !== undefined) times[name].push(...taken);
    }
  const of = (name: keyof typeof times) => (times[name].length === 0 ? null : summary(times[name]));
  const row = {
    work,
    backend: backend.identity,
    ours: of("ours")!,
    pytorch: of("pytorch"),
    jax: of("jax"),
    ratio: times.pytorch.length === 0 ? null : round(of("ours")!.median / of("pytorch")!.median),
    goal,
  };
  rows.push(row);
  const show = (s: ReturnType<typeof of>) => (s === null ? "-" : `${s.median} (${s.low} to ${s.high}, best ${s.best})`);
  console.log(
    `${work.padEnd(24)} ours ${show(row.ours)}  pytorch ${show(row.pytorch)}  jax ${show(row.jax)}  ratio ${row.ratio ?? "-"}  goal ${goal}`,
  );
}
const MEMORY = "peak memory of a run (MB)";
if (flags.only.length === 0 || flags.only.includes(MEMORY)) {
  const held = summary([await peakMemory(flags.backend, flags.device)]);
  // PyTorch's process has done all of the above; ours a whole training, from the text of the program.
  const theirs = pytorch === undefined ? null : summary(await pytorch.time("memory", 1));
  const ratio = theirs === null ? null : round(held.median / theirs.median);
  rows.push({ work: MEMORY, backend: backend.identity, ours: held, pytorch: theirs, jax: null, ratio, goal: 1 });
  console.log(`${MEMORY} ours ${held.median}  pytorch ${theirs?.median ?? "-"}  ratio ${ratio ?? "-"}  goal 1`);
}
pytorch?.stop();
jax?.stop();
await Effect.runPromise(Scope.close(scope, Exit.void));
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify({ rows }, null, 2)}\n`);
