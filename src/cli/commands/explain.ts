import { Argument, Command } from "effect/cli";
import * as Effect from "effect/Effect";
import { codes } from "../../diagnostic/codes.ts";
import { nearMiss } from "../../diagnostic/near-miss.ts";
import { explainDifference } from "../../plan/explain.ts";
import { layerFileSystem } from "../../store/file-system.ts";
import { Store } from "../../store/store.ts";
import { onStderr, ready } from "../compiled.ts";
import { forecast } from "../dry-run.ts";
import { UsageError } from "../exit.ts";
import { findStep } from "../find-step.ts";
import { project } from "../flags.ts";
import { print } from "../print.ts";
import { runFailed } from "../run-failed.ts";

export const explain = Command.make(
  "explain",
  {
    what: Argument.String("file-or-code").pipe(Argument.withDescription("A pipeline, or a code such as MTT3004")),
    step: Argument.String("step").pipe(Argument.withDescription("The step of the pipeline"), Argument.optional),
    ...project,
  },
  Effect.fnUntraced(function* (flags) {
    if (/^MTT\d+$/i.test(flags.what)) return yield* explainCode(flags.what.toUpperCase());
    if (flags.step._tag === "None") {
      return yield* new UsageError({
        message: "which step?",
        help: `mtt explain ${flags.what} STEP, or mtt explain MTT3004 for a diagnostic`,
      });
    }
    const name = flags.step.value;
    const program = yield* ready(flags.what, flags, onStderr("human"));
    yield* findStep(program.plan, name, flags.what);
    const forecasts = yield* forecast(flags.what, program, [name]);
    const found = forecasts.find(({ step }) => step.id === name)!;
    if (found.would === "cached") return yield* print(`${name} is stored: nothing would run`);
    if (found.would === "fail") return yield* print(`${name} would fail: ${found.why}`);
    const broken = forecasts.find(({ would }) => would === "fail");
    if (broken !== undefined) return yield* print(`${name} cannot run: ${broken.step.id} would fail: ${broken.why}`);
    if (found.would === "run" && found.label === undefined) {
      return yield* print(`${name} would be read: the store has not seen its contents`);
    }
    if (found.would === "waits" || found.label === undefined) {
      const first = forecasts.filter(({ would }) => would === "run").map(({ step }) => step.id);
      return yield* print(`${name} would run, or not, once it is known what comes of ${first.join(", ")}`);
    }
    const { label, kept } = found;
    const before = yield* Effect.flatMap(Store, (store) => store.list).pipe(
      Effect.provide(layerFileSystem(program.config.store)),
      Effect.catchTag("StoreError", runFailed),
    );
    // Another program may have a step of the same name: the nearest result is the one that people mean.
    const [last] = before
      .map(({ result }) => result)
      .filter((result) => result.name === name && result.kind === label.kind)
      .map((result) => ({ ...result, changes: explainDifference(result.preimage, label.preimage) }))
      .sort((a, b) => a.changes.length - b.changes.length || b.finished - a.finished);
    if (last === undefined) return yield* print(`${name} would run: the store holds no result of it`);
    const more = kept === undefined ? "" : `; ${kept} epochs of it are stored, and it would go on from there`;
    yield* print([`${name} would run: this has changed since its last result${more}`, ...last.changes].join("\n  "));
  }),
).pipe(
  Command.withDescription("Why a step would run again; what a diagnostic's code means"),
  Command.withExamples([
    { command: "mtt explain pipelines/mnist.mtt classifier", description: "What changed since the last result" },
    { command: "mtt explain MTT3004", description: "A diagnostic's page" },
  ]),
);

const explainCode = Effect.fnUntraced(function* (code: string) {
  const known: Readonly<Record<string, string>> = codes;
  const title = known[code];
  if (title === undefined) {
    const near = nearMiss(code, Object.keys(known));
    return yield* new UsageError({
      message: `there is no diagnostic ${code}${near === undefined ? "" : `; did you mean ${near}?`}`,
      help: "a diagnostic says its code in brackets: error[MTT3004]",
    });
  }
  // Loaded only here: the other commands start without the pages.
  const { pages } = yield* Effect.promise(() => import("../../generated/pages.ts"));
  yield* print(readable(pages.get(code) ?? `${code}: ${title}`));
});

/** A page of markdown as a terminal shows it: no marks, programs indented. */
const readable = (page: string): string =>
  page
    .replace(/^# /, "")
    .replaceAll(/^```mtt.*\n((?:.|\n)*?)^```$/gm, (_, program: string) =>
      program.replaceAll(/^(?=.)/gm, "    ").trimEnd(),
    )
    .trimEnd();
