import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { caseOf } from "../hostile/cases.ts";
import { textOf } from "./texts.ts";
import type { Report, Share, Target } from "./worker.ts";

// `programs`: texts with something changed, and tokens in any order; what must hold of every text (properties.ts) is asked of each.
// `readers`: files with something changed; each is read or refused with a code, in little time and memory (hostile/).

const { values } = parseArgs({
  options: {
    target: { type: "string", default: "programs" },
    count: { type: "string", default: "1000" },
    /** The first case: a long run may be done in parts. */
    from: { type: "string", default: "0" },
    seed: { type: "string", default: `${Math.floor(Date.now() / 1000) % 100_000}` },
    workers: { type: "string", default: `${Math.min(4, availableParallelism())}` },
    /** Only this case, with its text. */
    only: { type: "string" },
  },
});
const whole = (flag: string, text: string): number => {
  if (/^\d+$/.test(text)) return Number(text);
  console.error(`--${flag} is a whole number, and not ${text}`);
  process.exit(2);
};
const isTarget = (name: string): name is Target => name === "programs" || name === "readers";
if (!isTarget(values.target)) {
  console.error(`--target is programs or readers, and not ${values.target}`);
  process.exit(2);
}
const { target } = values;
const seed = whole("seed", values.seed);
const only = values.only === undefined ? undefined : whole("only", values.only);
const count = only === undefined ? whole("count", values.count) : 1;
const first = only ?? whole("from", values.from);
const workers = only === undefined ? Math.max(1, whole("workers", values.workers)) : 1;
/** Of the processor, for what is done with one text: it is compiled three times and formatted twice. */
const LIMIT = 1000;
/** On the clock: the machine may be busy with something else. */
const HANGS = 30_000;

if (only !== undefined)
  console.log(
    `${target === "programs" ? textOf(seed, only) : Buffer.from(caseOf(seed, only).bytes).toString("base64")}\n${"─".repeat(40)}`,
  );

let tried = 0;
const totals = new Map<string, number>();
const failures: { readonly index: number; readonly what: string }[] = [];
let slowest = { index: -1, milliseconds: 0 };

function take({ index, outcomes = [], milliseconds = 0, broken }: Report): void {
  tried++;
  for (const outcome of outcomes) totals.set(outcome, (totals.get(outcome) ?? 0) + 1);
  if (milliseconds > slowest.milliseconds) slowest = { index, milliseconds };
  if (broken !== undefined) failures.push({ index, what: broken });
  else if (milliseconds > LIMIT) failures.push({ index, what: `it takes ${Math.round(milliseconds)} ms` });
}

/** Works through a share; a worker that hangs is ended, and another goes on behind the case. */
function work(share: Share): Promise<void> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: share });
    let current = share.from;
    let timer: NodeJS.Timeout | undefined;
    const goOn = async (what: string) => {
      clearTimeout(timer);
      worker.removeAllListeners("exit");
      await worker.terminate();
      take({ index: current, broken: what });
      const from = current + share.step;
      resolve(from < share.until ? work({ ...share, from }) : undefined);
    };
    worker.on("message", (report: Report) => {
      if (report.outcomes !== undefined) {
        take(report);
        return;
      }
      current = report.index;
      clearTimeout(timer);
      timer = setTimeout(() => goOn(`it hangs: no end after ${HANGS / 1000} s`), HANGS);
    });
    worker.on("error", (error) => goOn(`the worker died: ${error.message}`));
    worker.on("exit", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

const begin = performance.now();
await Promise.all(
  Array.from({ length: workers }, (_, i) =>
    work({ target, seed, from: first + i, until: first + count, step: workers }),
  ),
);
for (const { index, what } of failures.toSorted((a, b) => a.index - b.index).slice(0, 20))
  console.log(`case ${index} (npm run fuzz -- --target ${target} --seed ${seed} --only ${index}): ${what}`);
console.log(
  [
    `${tried} ${target === "programs" ? "texts" : "files"} of seed ${seed} in ${((performance.now() - begin) / 1000).toFixed(0)} s`,
    [...totals]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([outcome, count]) => `${count} ${outcome}`)
      .join(", "),
    `slowest: case ${slowest.index}, ${slowest.milliseconds.toFixed(0)} ms of the processor`,
    `at most ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB of memory`,
    `${failures.length} failures`,
  ].join("\n"),
);
process.exitCode = failures.length > 0 ? 1 : 0;
