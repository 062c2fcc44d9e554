import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import { selectBackend } from "../src/backend/available.ts";
import type { Backend } from "../src/backend/backend.ts";
import { languageRows } from "./language.ts";
import { numbersAt, packages, type Rival, startRival } from "./rival.ts";
import { commandSaid, type Row, round, rowOf, showRow, writeResults } from "./rows.ts";
import { showSpec } from "./specs.ts";
import { whole } from "./whole.ts";
import { type Call, type Open, worksOf } from "./works.ts";

// The time of one call of each work, ours against PyTorch and JAX: in turns, a few calls each, so that what else the machine does meets all of them.

const { values: flags } = parseArgs({
  options: {
    backend: { type: "string", multiple: true },
    device: { type: "string", default: "cpu" },
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "12" },
    seed: { type: "string" },
    epochs: { type: "string", default: "2" },
    data: { type: "string", default: process.env.MTT_DATA ?? "" },
    only: { type: "string", multiple: true, default: [] },
    without: { type: "string", multiple: true, default: [] },
    json: { type: "string" },
    results: { type: "string" },
  },
});
const CALLS = 5;
/** Threads of the one before may still spin for work. */
const PAUSE = 50;
const PLACES = ["--json", "--results", "--data"];
/** Runs of a whole process. */
const WHOLE = 3;
const threads = Number(flags.threads);
const rounds = Number(flags.rounds);
const seed = flags.seed === undefined ? Math.floor(Date.now() / 1000) % 100_000 : Number(flags.seed);
if (availableParallelism() < threads) console.error(`this machine has ${availableParallelism()} cores, not ${threads}`);

/** Those asked for; else onnx, and tensorflow where it is installed. */
async function backends(): Promise<readonly Backend[]> {
  const select = (name: string) => Effect.runPromise(selectBackend(name as Backend["name"], flags.device, threads));
  if (flags.backend !== undefined) return Promise.all(flags.backend.map(select));
  const tensorflow = await select("tensorflow").catch(() => undefined);
  return tensorflow === undefined ? [await select("onnx")] : [await select("onnx"), tensorflow];
}

const { specs, works } = worksOf(seed);
const chosen = works.filter(({ work }) => flags.only.length === 0 || flags.only.includes(work));
const scope = Effect.runSync(Scope.make());
const ours = await backends();
const rival = async (name: "torch" | "jax", script: string) =>
  flags.without.includes(name)
    ? undefined
    : startRival(name, {
        script,
        packages: packages.training,
        threads,
        args: [JSON.stringify(specs)],
        bench: "bench",
      });
const timesOf =
  (of: Rival, request: object): Timed =>
  async (runs) =>
    numbersAt(await of.ask({ ...request, runs }), "ms");
const pytorch = await rival("torch", "pytorch.py");
const jax = await rival("jax", "jit.py");

const about = [
  `${ours.map(({ identity }) => identity).join(", ")}, torch ${pytorch?.version ?? "-"}, jax ${jax?.version ?? "-"}, node ${process.versions.node}`,
  `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, ${threads} threads each, load ${round(loadavg()[0]!)} before the run`,
  ...specs.map((spec) => `${spec.name}: ${showSpec(spec)}, batch ${spec.batch}`),
  `seed ${seed}, ${rounds} turns of ${CALLS} calls each`,
];
console.log(
  `${about.join("\n")}\nmilliseconds: median (middle half, least); ratio: ours over the faster of the others`,
);

const rows: Row[] = [];
const add = (row: Row) => {
  rows.push(row);
  console.log(showRow(row));
};

type Timed = (runs: number) => Promise<readonly number[]>;

const timed = async (open: Open, backend: Backend): Promise<Timed> => {
  const call: Call = await Effect.runPromise(Scope.provide(open(backend), scope));
  return async (runs) => {
    const times: number[] = [];
    for (let i = 0; i < runs; i++) {
      const begin = performance.now();
      await Effect.runPromise(call);
      times.push(performance.now() - begin);
    }
    return times;
  };
};

/** All contenders in turns; the first turn warms up. */
async function inTurns(contenders: ReadonlyMap<string, Timed>): Promise<ReadonlyMap<string, readonly number[]>> {
  const times = new Map([...contenders.keys()].map((name): [string, number[]] => [name, []]));
  for (let turn = 0; turn <= rounds; turn++)
    for (const [name, time] of contenders) {
      await setTimeout(PAUSE);
      const taken = await time(CALLS);
      if (turn > 0) times.get(name)!.push(...taken);
    }
  return times;
}

for (const { work, spec, kind, goal, open, against } of chosen) {
  const contenders = new Map<string, Timed>();
  for (const backend of ours) {
    contenders.set(backend.name, await timed(open, backend));
    if (against !== undefined) contenders.set(`${backend.name} once`, await timed(against.open, backend));
  }
  if (against === undefined) {
    if (pytorch !== undefined) contenders.set("pytorch", timesOf(pytorch, { spec, work: kind }));
    if (jax !== undefined) contenders.set("jax", timesOf(jax, { spec, work: kind }));
  }
  const times = await inTurns(contenders);
  for (const { name, identity } of ours) {
    const row = rowOf({ work, backend: name, engine: identity, goal }, times.get(name)!, {
      pytorch: times.get("pytorch"),
      jax: times.get("jax"),
    });
    const once = times.get(`${name} once`);
    add(once === undefined ? row : withOnce(row, once, against!.times));
  }
}

/** Against as many calls of our own one after the other. */
function withOnce(row: Row, once: readonly number[], times: number): Row {
  const { ours: median } = rowOf(row, once, {});
  return { ...row, ratio: round(row.ours / (times * median)), note: `one takes ${median}` };
}

const WALL = "mtt run pipelines/mnist.mtt";
const MEMORY = "peak memory of mtt run (MB)";
if (flags.only.length === 0 || flags.only.includes(WALL) || flags.only.includes(MEMORY)) {
  const { ours: run, pytorch: script, end } = whole(flags.data || undefined, Number(flags.epochs), threads);
  try {
    const taken = new Map<string, { readonly ms: number; readonly peak: number }[]>();
    for (let turn = 0; turn < WHOLE; turn++) {
      for (const { name, device } of ours) taken.set(name, [...(taken.get(name) ?? []), await run(name, device)]);
      if (pytorch !== undefined) taken.set("pytorch", [...(taken.get("pytorch") ?? []), await script()]);
    }
    for (const { name, identity } of ours)
      for (const [work, of] of [
        [WALL, "ms"],
        [MEMORY, "peak"],
      ] as const) {
        const figures = (who: string) => taken.get(who)?.map((one) => one[of]);
        add(rowOf({ work, backend: name, engine: identity, goal: 1 }, figures(name)!, { pytorch: figures("pytorch") }));
      }
  } finally {
    end();
  }
}
for (const row of languageRows(WHOLE, (work) => flags.only.length === 0 || flags.only.includes(work))) add(row);
pytorch?.stop();
jax?.stop();
await Effect.runPromise(Scope.close(scope, Exit.void));

const missed = rows.filter(({ ratio, goal }) => ratio !== null && ratio > goal);
console.log(missed.length === 0 ? "every goal is met" : `${missed.length} of ${rows.length} rows miss their goals`);
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify({ seed, about, rows }, null, 2)}\n`);
if (flags.results !== undefined) {
  const command = commandSaid("bench", PLACES);
  writeFileSync(flags.results, writeResults(readFileSync(flags.results, "utf8"), { command, about, rows }));
}
