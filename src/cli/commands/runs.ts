import { Argument, Command } from "effect/cli";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { Path } from "effect/Path";
import open from "open";
import { isFigures } from "../../execute/outcome.ts";
import { explainDifference } from "../../plan/explain.ts";
import type { Json } from "../../plan/json.ts";
import { layerFileSystem } from "../../store/file-system.ts";
import type { RunRecord } from "../../store/runs.ts";
import { Store } from "../../store/store.ts";
import { loadConfig } from "../config.ts";
import { UsageError } from "../exit.ts";
import { findRun, history, statusOf } from "../find-run.ts";
import { results, stored } from "../flags.ts";
import { print, printError } from "../print.ts";
import { figure, figuresText } from "../progress.ts";
import { runFailed } from "../run-failed.ts";
import { table } from "../table.ts";

const run = (name: string, otherwise: string) =>
  Argument.String(name).pipe(
    Argument.withDescription(`A part of its id, or last, last~1, … (default: ${otherwise})`),
    Argument.withDefault(otherwise),
  );

const figuresOf = (result: Json) => (isFigures(result) ? result : {});
const when = (time: number): string => new Date(time).toISOString().slice(0, 19).replace("T", " ");
const took = ({ started, finished }: RunRecord): string =>
  finished === undefined ? "" : `${((finished - started) / 1000).toFixed(1)} s`;

/** What a run is looked up for: the figures of its first evaluation, or of its first target. */
const headline = ({ steps, targets }: RunRecord): string => {
  const all = Object.values(steps);
  const best = all.find(({ kind }) => kind === "evaluate") ?? steps[targets[0] ?? ""] ?? all[0];
  return best === undefined ? "" : figuresText(figuresOf(best.result));
};

/** A run tells its figures when it ends. */
const noteUnfinished = (one: RunRecord): Effect.Effect<void> => {
  const status = statusOf(one);
  if (status !== "killed" && status !== "running") return Effect.void;
  const why = status === "killed" ? "was killed" : "goes on still";
  return printError(`note: ${one.id} ${why}, so that it has no figures here; what it finished is stored`);
};

const list = Command.make(
  "list",
  { ...stored, format: results },
  Effect.fnUntraced(function* (flags) {
    const path = yield* Path;
    const { store } = yield* loadConfig("mtt.yaml", flags);
    const runs = yield* history(store);
    if (flags.format === "json") {
      for (const one of runs) yield* print(JSON.stringify({ ...one, status: statusOf(one) }));
      return;
    }
    yield* print(
      table(
        ["run", "file", "started (UTC)", "status", "took", "ran", "cached", "figures"],
        runs.map((one) => {
          const statuses = Object.values(one.steps).map(({ status }) => status);
          return [
            one.id,
            path.relative(process.cwd(), one.file),
            when(one.started),
            statusOf(one),
            took(one),
            String(statuses.filter((status) => status === "ran").length),
            String(statuses.filter((status) => status === "cached").length),
            headline(one),
          ];
        }),
      ),
    );
  }),
).pipe(
  Command.withDescription("Every run on the store, the latest last"),
  Command.withExamples([
    { command: "mtt runs list --format json", description: "With all figures, one JSON object a line" },
  ]),
);

const show = Command.make(
  "show",
  { run: run("run", "last"), ...stored, format: results },
  Effect.fnUntraced(function* (flags) {
    const { store } = yield* loadConfig("mtt.yaml", flags);
    const one = yield* findRun(yield* history(store), flags.run);
    if (flags.format === "json") return yield* print(JSON.stringify({ ...one, status: statusOf(one) }));
    yield* noteUnfinished(one);
    const params = Object.entries(one.params).map(([name, value]) => `${name}=${value}`);
    yield* print(
      [
        `${one.id}  ${statusOf(one)}  ${took(one)}`.trimEnd(),
        `file     ${one.file}`,
        `started  ${when(one.started)} UTC`,
        `engine   ${one.engine} on ${one.host}, mtt ${one.version}`,
        ...(params.length === 0 ? [] : [`params   ${params.join(" ")}`]),
        "",
        table(
          ["step", "kind", "status", "seconds", "key", "figures"],
          Object.entries(one.steps).map(([name, { kind, status, seconds, key, result }]) => [
            name,
            kind,
            status,
            seconds.toFixed(1),
            key.slice(0, 12),
            figuresText(figuresOf(result)),
          ]),
        ),
      ].join("\n"),
    );
  }),
).pipe(
  Command.withDescription("One run: its steps, figures and keys"),
  Command.withExamples([{ command: "mtt runs show last~1", description: "The run before the last" }]),
);

const compare = Command.make(
  "compare",
  { before: run("before", "last~1"), after: run("after", "last"), ...stored, format: results },
  Effect.fnUntraced(function* (flags) {
    const { store } = yield* loadConfig("mtt.yaml", flags);
    const runs = yield* history(store);
    const [before, after] = [yield* findRun(runs, flags.before), yield* findRun(runs, flags.after)];
    yield* noteUnfinished(before);
    if (after !== before) yield* noteUnfinished(after);
    const compared = {
      before: before.id,
      after: after.id,
      params: changedText(before.params, after.params),
      figures: changedFigures(before, after),
      steps: yield* changedSteps(store, before, after),
    };
    if (flags.format === "json") return yield* print(JSON.stringify(compared));
    const parts = [
      compared.params.length === 0 ? [] : table(["param", before.id, after.id], compared.params).split("\n"),
      compared.figures.length === 0 ? [] : table(["figure", before.id, after.id], compared.figures).split("\n"),
      compared.steps.flatMap(({ step, changes }) => [`${step}: another key`, ...changes.map((line) => `  ${line}`)]),
    ].filter((lines) => lines.length > 0);
    yield* print(
      parts.length === 0
        ? `${before.id} and ${after.id}: the same params, figures and keys`
        : parts.map((lines) => lines.join("\n")).join("\n\n"),
    );
  }),
).pipe(
  Command.withDescription("What differs between two runs: params, figures, and what entered the keys"),
  Command.withExamples([{ command: "mtt runs compare last~1 last", description: "What did my last change do?" }]),
);

/** Of a param: its default holds. */
const ABSENT = "-";

/** Rows `name, before, after` of what is not the same. */
const changedText = (
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly (readonly [string, string, string])[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((name) => [name, before[name] ?? ABSENT, after[name] ?? ABSENT] as const)
    .filter(([, left, right]) => left !== right);

const changedFigures = (before: RunRecord, after: RunRecord) => {
  const texts = ({ steps }: RunRecord) =>
    Object.fromEntries(
      Object.entries(steps).flatMap(([step, { result }]) =>
        Object.entries(figuresOf(result)).flatMap(([name, value]) =>
          typeof value === "object" ? [] : [[`${step}.${name}`, figure(value)] as const],
        ),
      ),
    );
  return changedText(texts(before), texts(after));
};

/** Hashes of what a step reads tell people nothing but that it reads something else. */
const changesOf = (before: Json, after: Json): readonly string[] => {
  const found = explainDifference(before, after);
  const own = found.filter((line) => !line.startsWith("inputs["));
  return own.length < found.length ? [...own, "what it reads came out otherwise"] : own;
};

/** Steps of both runs with another key, and what entered it; a preimage that is not stored any more says nothing. */
const changedSteps = (root: string, before: RunRecord, after: RunRecord) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const changed: { readonly step: string; readonly changes: readonly string[] }[] = [];
    for (const [step, { key }] of Object.entries(after.steps)) {
      const old = before.steps[step]?.key;
      if (old === undefined || old === key || old === "" || key === "") continue;
      const [left, right] = [yield* store.getResult(old), yield* store.getResult(key)];
      const changes =
        Option.isSome(left) && Option.isSome(right)
          ? changesOf(left.value.preimage, right.value.preimage)
          : ["its result is not stored any more"];
      changed.push({ step, changes });
    }
    return changed;
  }).pipe(Effect.provide(layerFileSystem(root)), Effect.catchTag("StoreError", runFailed));

const openReport = Command.make(
  "open",
  { run: run("run", "last"), ...stored },
  Effect.fnUntraced(function* (flags) {
    const { store } = yield* loadConfig("mtt.yaml", flags);
    const one = yield* findRun(yield* history(store), flags.run);
    const files = Object.values(one.steps).flatMap(({ kind, result }) => {
      const { file } = figuresOf(result);
      return kind === "report" && typeof file === "string" ? [file] : [];
    });
    if (files.length === 0) {
      return yield* new UsageError({
        message: `${one.id} wrote no report`,
        help: "a pipeline writes one with `report page { show: [classifier, blame] }`",
      });
    }
    for (const file of files) {
      yield* print(file);
      yield* Effect.ignore(Effect.tryPromise(() => open(file)));
    }
  }),
).pipe(
  Command.withDescription("Open a run's reports in the browser, and print where they are"),
  Command.withExamples([{ command: "mtt runs open", description: "The reports of the last run" }]),
);

export const runs = Command.make("runs").pipe(
  Command.withDescription("The history of runs on the store"),
  Command.withSubcommands([list, show, compare, openReport]),
);
