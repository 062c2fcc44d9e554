import * as Clock from "effect/Clock";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import { Path } from "effect/Path";
import type { PlatformError } from "effect/PlatformError";
import { reasonOf } from "../../data/files.ts";
import type { Json } from "../../plan/json.ts";
import type { Body, Step } from "../../plan/plan.ts";
import { hashJson } from "../../store/hash.ts";
import { STORE_FORMAT, Store, type StoredResult } from "../../store/store.ts";
import { writeWhole } from "../../store/write-whole.ts";
import { readRows } from "../array-file.ts";
import { emit } from "../events.ts";
import { StepFailure, stepFailure } from "../failure.ts";
import { labelOf } from "../keyed.ts";
import type { Outcome } from "../outcome.ts";
import { type ReportSource, Reports, type Shown } from "../reports.ts";
import { saidOf } from "../said.ts";
import type { Setting } from "../setting.ts";

type ReportStep = Step & { readonly body: Extract<Body, { readonly kind: "report" }> };

/**
 * Figures: `file`, the report's HTML file. The names in it are no part of its key: where only they changed, the report is written anew from what is
 * stored and counts as cached.
 */
export const reportStep = (
  step: ReportStep,
  inputs: readonly Outcome[],
  lineage: readonly (Outcome & { readonly step: Step })[],
  setting: Setting,
) =>
  Effect.gen(function* () {
    const store = yield* Store;
    const shown = lineage.map(
      (outcome): Shown => ({
        ...outcome,
        rows: (name, from, to) => {
          const file = outcome.files?.[name];
          return file === undefined
            ? Effect.succeed(undefined)
            : readRows(file, from, to).pipe(Effect.provideService(Store, store), Effect.mapError(stepFailure));
        },
      }),
    );
    const reports = yield* Reports;
    const { body } = step;
    const label = labelOf(step, inputs, setting);
    const byId = new Map(shown.map((one) => [one.step.id, one]));
    const source: ReportSource = {
      program: setting.program,
      name: step.id,
      ...(body.title === undefined ? {} : { title: body.title }),
      show: body.show,
      inputs: step.inputs.map((id) => byId.get(id)!),
      steps: shown,
      made: yield* Clock.currentTimeMillis,
      ...(setting.about === undefined ? {} : { about: setting.about }),
      warnings: saidOf(lineage, setting.about),
    };
    const look = hashJson({
      version: reports.version,
      program: source.program,
      name: source.name,
      title: source.title ?? null,
      show: source.show,
      texts: [...(setting.about?.texts ?? [])],
      warnings: source.warnings.map(({ code, message, step = null }) => [code, message, step]),
      steps: lineage.map(({ step: { id }, key }) => [id, key]),
    });

    const kept = Effect.gen(function* () {
      const found = yield* store.getResult(label.key);
      if (Option.isNone(found)) return undefined;
      const bytes =
        lookOf(found.value) === look ? yield* store.getObject(found.value.files?.html?.object ?? "") : Option.none();
      return { seconds: found.value.seconds, html: Option.getOrUndefined(bytes) };
    });
    const make = Effect.gen(function* () {
      const start = performance.now();
      const html = new TextEncoder().encode(yield* reports.render(source));
      const finished = yield* Clock.currentTimeMillis;
      const seconds = (performance.now() - start) / 1000;
      const object = yield* store.putObject(html);
      const result: StoredResult = {
        format: STORE_FORMAT,
        ...label,
        figures: { look },
        arrays: {},
        files: { html: { object } },
        seconds,
        finished,
      };
      yield* store.putResult(result);
      return { html, seconds };
    });

    const before = yield* kept;
    if (before === undefined) yield* emit({ event: "step.started", step: step.id, kind: body.kind, key: label.key });
    const { html, seconds } = before?.html === undefined ? yield* make : { html: before.html, seconds: before.seconds };
    const file = yield* writeFile(setting, step.id, html);
    const status = before === undefined ? "ran" : "cached";
    const figures = { file };
    yield* emit({
      event: status === "ran" ? "step.finished" : "step.cached",
      step: step.id,
      kind: body.kind,
      key: label.key,
      seconds,
      result: figures,
    });
    const outcome: Outcome = {
      key: label.key,
      status,
      seconds,
      figures,
      content: hashJson(figures),
      arrays: () => Effect.succeed({}),
    };
    return outcome;
  });

const lookOf = ({ figures }: StoredResult): Json | undefined =>
  typeof figures === "object" && figures !== null && "look" in figures ? figures.look : undefined;

/** `<store>/reports/<program>/<report>.html`, whole or not at all; an equal file is left alone. */
const writeFile = Effect.fnUntraced(function* (setting: Setting, name: string, html: Uint8Array) {
  const fs = yield* FileSystem;
  const path = yield* Path;
  const folder = path.join(setting.reports, setting.program);
  const file = path.join(folder, `${name}.html`);
  const refuse = (error: PlatformError) =>
    new StepFailure({
      code: "MTT5405",
      message: `the report ${file} cannot be written: ${reasonOf(error)}`,
      help: "check that the folder is on a writable disk and is yours, or choose another store with --store DIR",
    });
  const there = yield* Effect.option(fs.readFile(file));
  if (Option.isSome(there) && Buffer.compare(there.value, html) === 0) return file;
  yield* fs
    .makeDirectory(folder, { recursive: true })
    .pipe(Effect.andThen(writeWhole(fs, file, html)), Effect.mapError(refuse));
  return file;
});
