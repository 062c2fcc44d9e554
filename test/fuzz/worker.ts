import { parentPort, workerData } from "node:worker_threads";
import { outcomeOf } from "./properties.ts";
import { textOf } from "./texts.ts";

/** What a worker is given: the cases from, from + step, … below `until`. */
export interface Share {
  readonly seed: number;
  readonly from: number;
  readonly until: number;
  readonly step: number;
}

/** One case, or (`parses` absent) its begin. */
export interface Report {
  readonly index: number;
  readonly parses?: boolean;
  readonly compiles?: boolean;
  /** Of the processor. */
  readonly milliseconds?: number;
  readonly broken?: string;
}

const { seed, from, until, step }: Share = workerData;
const said = (report: Report) => parentPort?.postMessage(report);

for (let index = from; index < until; index += step) {
  said({ index });
  const text = textOf(seed, index);
  const begin = process.threadCpuUsage();
  const outcome = outcomeOf(text);
  const { user, system } = process.threadCpuUsage(begin);
  said({ index, milliseconds: (user + system) / 1000, ...outcome });
}
