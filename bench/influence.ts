import { mkdirSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import * as Effect from "effect/Effect";
import { selectBackend } from "../src/backend/available.ts";
import { driven, readData, subjectsOf, works } from "./influence-works.ts";
import { round } from "./rows.ts";

// Seconds of influence's works over all of MNIST's training examples: ours alone, no other library is timed here.

const { values: flags } = parseArgs({
  options: {
    backend: { type: "string", default: "auto" },
    threads: { type: "string", default: "2" },
    epochs: { type: "string", default: "10" },
    runs: { type: "string", default: "2" },
    data: { type: "string", default: process.env.MTT_DATA ?? "" },
    parameters: { type: "string" },
    only: { type: "string", multiple: true, default: [] },
  },
});
if (flags.data === "" || flags.parameters === undefined) {
  console.error("give --data the folder of MNIST's files, and --parameters one where trained parameters are kept");
  process.exit(2);
}
const name = (["auto", "onnx", "tensorflow"] as const).find((one) => one === flags.backend);
if (name === undefined) {
  console.error(`there is no backend ${flags.backend} to time: auto, onnx or tensorflow`);
  process.exit(2);
}
const backend = await Effect.runPromise(selectBackend(name, "cpu", Number(flags.threads)));
const data = { train: readData(flags.data, "train"), test: readData(flags.data, "t10k") };
mkdirSync(flags.parameters, { recursive: true });
const [logistic, post] = await subjectsOf(flags.parameters, backend, data, Number(flags.epochs));

const rows = [
  { row: "logistic regression, cg, 1 test example", work: works.query, subject: logistic!, count: 1, goal: 4 },
  { row: "logistic regression, cg, 10 test examples", work: works.query, subject: logistic!, count: 10, goal: 8 },
  { row: "one HVP", work: works.products, subject: post!, count: 1, goal: 3.5 },
  // Against as many single ones of this run.
  { row: "8 HVPs at once", work: works.products, subject: post!, count: 8, goal: 0.6 * 8, times: "one HVP" },
  { row: "scores, 1 test example", work: works.scores, subject: post!, count: 1, goal: 1 },
  { row: "scores, 10 test examples", work: works.scores, subject: post!, count: 10, goal: 3 },
  { row: "EK-FAC fit", work: works.factors, subject: post!, count: 1, goal: 10 },
];
console.log(
  `${backend.identity}, ${data.train.index.length} examples, ${availableParallelism()} cores, load ${round(loadavg()[0]!)}`,
);
const asked = (row: string): boolean => flags.only.length === 0 || flags.only.includes(row);
const leasts = new Map<string, number>();
for (const { row, work, subject, count, times, ...rest } of rows) {
  // What another row is measured against is measured too.
  if (!asked(row) && !rows.some((other) => other.times === row && asked(other.row))) continue;
  const seconds = await driven(work(subject, count, Number(flags.runs)), backend, data);
  const least = seconds.reduce((x, y) => Math.min(x, y));
  leasts.set(row, least);
  const goal = times === undefined ? rest.goal : rest.goal * leasts.get(times)!;
  console.log(
    `${row.padEnd(42)} ${seconds.map(round).join(", ")} s, goal ${round(goal)} ${least <= goal ? "met" : "missed"}; process peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB`,
  );
}
