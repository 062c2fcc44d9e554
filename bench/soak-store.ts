import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { layer as nodeFileSystem } from "@effect/platform-node/NodeFileSystem";
import * as Effect from "effect/Effect";
import { load, mtt } from "../src/index.ts";
import { collectGarbage } from "../src/store/gc.ts";
import { verifyStore } from "../src/store/verify.ts";

// Varied runs and queries of one process on one store, for as long as is asked: memory, files and handles must stay where they are.

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "120" },
    every: { type: "string", default: "20" },
    backend: { type: "string", default: "onnx" },
    seed: { type: "string", default: "1" },
    /** Megabytes by which memory may grow after the first third, which warms up. */
    limit: { type: "string", default: "128" },
  },
});
const [minutes, every, limit] = [Number(flags.minutes), Number(flags.every), Number(flags.limit)];
const backend = flags.backend === "reference" || flags.backend === "tensorflow" ? flags.backend : "onnx";

let state = Number(flags.seed) >>> 0;
const draw = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

const folder = mkdtempSync(join(tmpdir(), "mtt-soak-"));
const store = join(folder, "store");
const program = `param seed: int = 1
param epochs: int = 2
let digits = glyphs(n: 200, seed: 3)
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> dense(12) |> tanh |> dense(10)
train model { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: adam(rate: 0.01), batch: 50, epochs: epochs, seed: seed }
evaluate on_test { model: model, data: digits.test }
influence blame { model: model, test: digits.test |> take(2), method: cg(hessian: gauss_newton, damping: 0.1, tolerance: 1e-2) }
report page { show: [curves(model), confusion(on_test), gallery(blame)] }
`;
const file = join(folder, "p.mtt");
writeFileSync(file, program);

const onDisk = <A, E>(effect: Effect.Effect<A, E, never>) => Effect.runPromise(effect);

/** One round: some of what people do with a store. The same seeds come again, so that much is found there. */
const kinds = {
  run: async () => {
    const pipeline = await load(file, { store, backend, params: { seed: draw(12), epochs: 1 + draw(3) } });
    const { status, diagnostics } = await pipeline.run();
    if (status !== "done")
      throw new Error(`the run is ${status}: ${diagnostics.map(({ message }) => message).join("; ")}`);
  },
  query: async () => {
    const pipeline = await load(file, { store, backend, params: { seed: draw(12) } });
    const model = pipeline.model("model");
    const wrong = pipeline
      .data("digits.test")
      .where(mtt`predicted(${model}) != label`)
      .take(1 + draw(3));
    const blame = model.influence({ test: wrong, method: { kind: (["grad_dot", "ekfac"] as const)[draw(2)]! } });
    const { scores } = await pipeline.get(blame);
    if (scores.data.some((score) => !Number.isFinite(score))) throw new Error("a score is not finite");
  },
  retrain: async () => {
    const pipeline = await load(file, { store, backend, params: { seed: draw(12) } });
    const cleaned = pipeline.model("model").with({ data: pipeline.data("digits.train").take(100 + 50 * draw(3)) });
    await pipeline.get(cleaned.evaluate(pipeline.data("digits.test")));
  },
  wrong: async () => {
    // A program that is wrong, and a step that fails, leave nothing behind either.
    writeFileSync(join(folder, "wrong.mtt"), program.replace("batch: 50", `batch: ${500 + draw(100)}`));
    const failing = await load(join(folder, "wrong.mtt"), { store, backend });
    const { status } = await failing.run();
    if (status !== "failed") throw new Error(`a batch larger than the data is ${status}`);
  },
  verify: async () => {
    const { damaged, missing } = await onDisk(Effect.provide(verifyStore(store), nodeFileSystem));
    if (damaged.length + missing.length > 0) throw new Error([...damaged, ...missing].join("\n"));
  },
  gc: async () => {
    const options = { maxAge: 3_600_000, maxSize: undefined, dryRun: false, keep: new Set<string>() };
    await onDisk(Effect.provide(collectGarbage(store, options), nodeFileSystem));
  },
} as const;
const order = [
  "run",
  "query",
  "run",
  "retrain",
  "query",
  "run",
  "wrong",
  "query",
  "retrain",
  "verify",
  "run",
  "gc",
] as const;

const openFiles = (): number => (process.platform === "linux" ? readdirSync("/proc/self/fd").length : Number.NaN);
const look = () => {
  globalThis.gc?.();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return {
    rss: rss / 2 ** 20,
    heap: heapUsed / 2 ** 20,
    arrays: arrayBuffers / 2 ** 20,
    files: openFiles(),
    handles: process.getActiveResourcesInfo().length,
  };
};

const begin = performance.now();
const elapsed = (): number => (performance.now() - begin) / 60_000;
const looks: (ReturnType<typeof look> & { readonly at: number })[] = [];
console.log("round  minutes  rss MiB  heap MiB  arrays MiB  open files  handles");
let round = 0;
try {
  while (elapsed() < minutes) {
    await kinds[order[round++ % order.length]!]();
    if (round % every !== 0) continue;
    const now = look();
    looks.push({ ...now, at: elapsed() });
    console.log(
      `${String(round).padStart(5)}  ${elapsed().toFixed(1).padStart(7)}  ${now.rss.toFixed(0).padStart(7)}  ${now.heap.toFixed(0).padStart(8)}  ${now.arrays.toFixed(0).padStart(10)}  ${String(now.files).padStart(10)}  ${String(now.handles).padStart(7)}`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

const warm = looks.filter(({ at }) => at > minutes / 3);
const [first, last] = [warm[0], warm.at(-1)];
if (first === undefined || last === undefined || first === last) {
  console.error("too short to say anything: give it more minutes, or look more often");
  process.exit(2);
}
const grown = last.rss - first.rss;
const flat = grown <= limit && last.files <= first.files + 4 && last.handles <= first.handles + 4;
console.log(
  `${round} rounds in ${elapsed().toFixed(1)} minutes; from minute ${first.at.toFixed(1)} to the end ${grown.toFixed(0)} MiB, ${last.files - first.files} open files, ${last.handles - first.handles} handles more: ${flat ? "flat" : "NOT flat"}`,
);
process.exitCode = flat ? 0 : 1;
