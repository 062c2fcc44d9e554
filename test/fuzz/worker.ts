import { parentPort, workerData } from "node:worker_threads";
import { caseOf } from "../hostile/cases.ts";
import { outcomeOf } from "./properties.ts";
import { textOf } from "./texts.ts";

/** What is tried: programs with something changed, or files of the readers with something changed. */
export type Target = "programs" | "readers";

/** What a worker is given: the cases from, from + step, … below `until`. */
export interface Share {
  readonly target: Target;
  readonly seed: number;
  readonly from: number;
  readonly until: number;
  readonly step: number;
}

/** One case, or (`outcomes` absent) its begin. */
export interface Report {
  readonly index: number;
  /** What is counted of it. */
  readonly outcomes?: readonly string[];
  /** Of the processor. */
  readonly milliseconds?: number;
  readonly broken?: string;
}

const { target, seed, from, until, step }: Share = workerData;
const said = (report: Report) => parentPort?.postMessage(report);

const tried: Readonly<Record<Target, (index: number) => Pick<Report, "outcomes" | "broken">>> = {
  programs: (index) => {
    const { parses, compiles, broken } = outcomeOf(textOf(seed, index));
    const outcomes = [...(parses ? ["parse"] : []), ...(compiles ? ["compile"] : [])];
    return broken === undefined ? { outcomes } : { outcomes, broken };
  },
  readers: (index) => {
    const { reader, bytes, how } = caseOf(seed, index);
    const before = process.resourceUsage().maxRSS;
    try {
      const outcome = reader.read(bytes);
      const grown = process.resourceUsage().maxRSS - before;
      const outcomes = [`${reader.name}: ${outcome === "read" ? "read" : "refused"}`, outcome];
      if (grown < GROWTH) return { outcomes };
      return { outcomes, broken: `${reader.name}, ${how}: it takes ${Math.round(grown / 1024)} MiB more` };
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { outcomes: [], broken: `${reader.name}, ${how}: ${what}` };
    }
  },
};
/** KiB that a file of a few thousand bytes may add to what the process ever took. */
const GROWTH = 512 * 1024;

for (let index = from; index < until; index += step) {
  said({ index });
  const begin = process.threadCpuUsage();
  const outcome = tried[target](index);
  const { user, system } = process.threadCpuUsage(begin);
  said({ index, milliseconds: (user + system) / 1000, ...outcome });
}
