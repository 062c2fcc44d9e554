/**
 * Runs a pipeline of pipelines/paper/ and writes what came out into RESULTS.md beside it, with the machine and the day, and the points of its
 * validations into a CSV. What is stored is not computed again: a stopped run goes on. With `--set`, or where a validation was stored, it prints the section
 * and writes nothing.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as Effect from "effect/Effect";
import type { Figures, RunEvent } from "../src/execute/events.ts";
import { load } from "../src/index.ts";
import { type FoundCurve, foundCsv, foundCurve, foundTable } from "./found-curves.ts";

const FOLDER = "pipelines/paper";
const HEADING = "# What the pipelines of this folder gave\n";
const usage = "npm run reproduce -- NAME [--data DIR] [--store DIR] [--set name=value]…";

const wrongUse = (message: string): never => {
  console.error(`${message}\n${usage}`);
  process.exit(2);
};

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: "string" },
    store: { type: "string" },
    set: { type: "string", multiple: true, default: [] },
  },
});
const known = readdirSync(FOLDER).flatMap((file) => (file.endsWith(".mtt") ? [file.slice(0, -4)] : []));
const [name = ""] = positionals;
if (!known.includes(name)) wrongUse(`there is no pipeline \`${name}\`: ${known.join(", ")}`);
const params = Object.fromEntries(
  flags.set.map((text) => {
    const at = text.indexOf("=");
    if (at < 1) wrongUse(`\`--set ${text}\`: a name, \`=\` and a value`);
    return [text.slice(0, at), text.slice(at + 1)];
  }),
);

/** The retrainings of each step, in their order. */
const retrainings = new Map<string, { readonly figures: Figures; readonly seconds: number }[]>();
let last = 0;
const onEvent = (event: RunEvent): void => {
  if (event.event === "step.progress" && performance.now() - last > 5000) {
    last = performance.now();
    console.error(`${event.step} ${Math.round(event.fraction * 100)} %  ${JSON.stringify(event.figures)}`);
  }
  if ((event.event !== "step.finished" && event.event !== "step.cached") || !("removed" in event.result)) return;
  const step = event.step.slice(0, event.step.indexOf("/"));
  retrainings.set(step, [...(retrainings.get(step) ?? []), { figures: event.result, seconds: event.seconds }]);
};

const { plan, diagnostics, run } = await load(join(FOLDER, `${name}.mtt`), {
  params,
  ...(flags.data === undefined ? {} : { data: flags.data }),
  ...(flags.store === undefined ? {} : { store: flags.store }),
});
for (const { code, message } of diagnostics) console.error(`${code}: ${message}`);
if (plan === undefined) process.exit(1);
const validations = plan.steps.filter(({ body }) => body.kind === "validate");
const result = await run([...plan.targets, ...validations.map(({ id }) => id)], { onEvent });
for (const { code, message } of result.diagnostics) console.error(`${code}: ${message}`);

/** Plain numbers of a result, rounded for people. */
const shown = (figures: Figures): string =>
  Object.entries(figures)
    .flatMap(([key, value]) =>
      typeof value === "number" ? [`${key} ${Number.isInteger(value) ? value : value.toPrecision(6)}`] : [],
    )
    .join(", ");

const interval = (figures: Figures, of: string): string => {
  const { intervals } = figures;
  if (typeof intervals !== "object" || intervals === null || !(of in intervals)) return "";
  const found: unknown = Reflect.get(intervals, of);
  return typeof found === "object" && found !== null && "low" in found && "high" in found
    ? ` [${Number(found.low).toPrecision(6)}, ${Number(found.high).toPrecision(6)}]`
    : "";
};

const rows: string[] = [];
for (const { id, body } of plan.steps) {
  const summary = result.summaries[id];
  if (summary === undefined || !["train", "influence", "validate", "assert"].includes(body.kind)) continue;
  const all = retrainings.get(id) ?? [];
  const seconds = all.length === 0 ? summary.seconds : all.reduce((sum, one) => sum + one.seconds, 0);
  const figures =
    body.kind === "validate"
      ? ["pearson", "spearman", "slope", "auc", "found"]
          .filter((of) => of in summary.result)
          .map((of) => `${of} ${Number(summary.result[of]).toPrecision(6)}${interval(summary.result, of)}`)
          .concat(
            summary.result.retrained === undefined
              ? []
              : [`drift ${Number(summary.result.drift)}`, `${Number(summary.result.retrained) + 1} retrainings`],
          )
          .join(", ")
      : body.kind === "assert"
        ? `${body.text}: ${summary.status === "failed" ? "does not hold" : "holds"}`
        : shown(summary.result);
  rows.push(`| ${id} | ${figures} | ${body.kind === "assert" ? "" : seconds.toFixed(1)} |`);
}
const curves: FoundCurve[] = [];
for (const { id } of validations) {
  const outcome = result.outcomes.get(id);
  const curve = outcome && foundCurve(id, await Effect.runPromise(outcome.arrays("curve")));
  if (curve !== undefined) curves.push(curve);
}

/** One line a point: what was removed, its predicted and its retrained change; where one example goes at a time, the retraining's end beside them. */
const writePoints = async (id: string): Promise<void> => {
  const { predicted, actual, removed } = await Effect.runPromise(result.outcomes.get(id)!.arrays("points"));
  if (predicted === undefined || actual === undefined || removed === undefined) return;
  const ends = (retrainings.get(id) ?? []).slice(1);
  const lines = Array.from(removed.data, (what, i) => {
    const { steps, gradient, parameters } = ends[i % ends.length]?.figures ?? {};
    return [what, predicted.data[i], actual.data[i], steps, gradient, parameters].join(",");
  });
  const head = "removed,predicted,retrained,steps,gradient,parameters";
  writeFileSync(join(FOLDER, `${name}-${id}.csv`), `${[head, ...lines].join("\n")}\n`);
};

const memory = Math.round(totalmem() / 2 ** 30);
const machine = `${cpus()[0]?.model.trim()}, ${cpus().length} cores, ${memory} GiB`;
const section = [
  `## ${name}\n`,
  "| step | figures | seconds |",
  "|---|---|---|",
  ...rows,
  "",
  ...(curves.length === 0 ? [] : ["Share of the changed labels found:\n", ...foundTable(curves), ""]),
  `\`npm run reproduce -- ${name}\` on ${new Date().toISOString().slice(0, 10)}, ${machine}. The seconds of a validation are those of its retrainings.`,
  "",
].join("\n");
console.log(section);

// A validation that is stored tells no more of its retrainings: what is written of them stays.
const stored = validations.some(({ id }) => {
  const { status, result: figures } = result.summaries[id]!;
  return status === "cached" && figures.retrained !== undefined;
});
if (result.status === "done" && flags.set.length === 0 && !stored) {
  const file = join(FOLDER, "RESULTS.md");
  const before = existsSync(file) ? readFileSync(file, "utf8") : HEADING;
  const others = before.split(/\n(?=## )/).filter((part) => !part.startsWith(`## ${name}\n`));
  writeFileSync(file, `${[...others.map((part) => part.trimEnd()), section.trimEnd()].join("\n\n")}\n`);
  for (const { id } of validations) await writePoints(id);
  if (curves.length > 0) writeFileSync(join(FOLDER, `${name}.csv`), foundCsv(curves));
}
process.exitCode = { done: 0, wrong: 1, failed: 3 }[result.status];
