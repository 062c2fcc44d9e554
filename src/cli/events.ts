import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import type { Diagnostic, Sources } from "../diagnostic/diagnostic.ts";
import { renderJson } from "../diagnostic/json.ts";
import { Events, type RunEvent } from "../execute/events.ts";
import { onStderr, type Say } from "./compiled.ts";
import type { Format } from "./flags.ts";
import { harmless, print, printError, rendered } from "./print.ts";
import { linesView, type ProgressView, terminalView } from "./progress.ts";

/** What a run shows while it goes on, and what it says of the program and of its end, in one format. */
export interface Outlet {
  readonly say: Say;
  readonly emit: (event: RunEvent, sources: Sources) => Effect.Effect<void>;
  readonly close: () => void;
}

export interface OutletOptions {
  readonly format: Format;
  readonly quiet: boolean;
  readonly progress: boolean;
  /** Whether an edit ended the run, and not its user: it goes on by itself. */
  readonly edited?: () => boolean;
}

/** JSON lines on stdout; SARIF as one document at the end; for the rest a bar on a terminal, plain lines on a pipe. */
export const openOutlet = ({ format, quiet, progress, edited = () => false }: OutletOptions): Outlet => {
  if (format === "json") return jsonOutlet;
  const stream = process.stderr;
  const view: ProgressView = quiet
    ? { show: () => {}, close: () => {} }
    : progress && stream.isTTY
      ? terminalView(stream)
      : linesView((line) => stream.write(`${harmless(line)}\n`));
  const found: Diagnostic[] = [];
  const say: Say = format === "sarif" ? (more) => Effect.sync(() => void found.push(...more)) : onStderr(format);
  return {
    say,
    emit: (event, sources) =>
      Effect.suspend(() => {
        view.show(event);
        if (event.event === "diagnostic") return say([event.diagnostic], sources);
        if (event.event !== "run.finished") return Effect.void;
        if (format === "sarif") return print(rendered(found, sources, format, process.stdout));
        return event.status === "interrupted" && !edited() ? printError(HOW_TO_GO_ON) : Effect.void;
      }),
    close: view.close,
  };
};

const HOW_TO_GO_ON =
  "mtt: interrupted; finished steps and epochs are stored, and the same command goes on from there (Ctrl-C again ends at once)";

const jsonOutlet: Outlet = {
  say: (diagnostics, sources) => Effect.forEach(diagnostics, (one) => line(diagnosticEvent(one, sources)), DISCARD),
  emit: (event, sources) =>
    line(
      event.event === "diagnostic"
        ? diagnosticEvent(event.diagnostic, sources)
        : event.event === "step.progress"
          ? progressEvent(event)
          : event,
    ),
  close: () => {},
};

const DISCARD = { discard: true } as const;

const line = (event: object): Effect.Effect<void> => print(JSON.stringify(event));

/** `{"event":"diagnostic","code":"MTT5401",…}`: as `mtt check --format json` prints it. */
const diagnosticEvent = (diagnostic: Diagnostic, sources: Sources): object => {
  const value: unknown = JSON.parse(renderJson([diagnostic], sources));
  return { event: "diagnostic", ...(typeof value === "object" ? value : {}) };
};

/** The figures of a step's progress stand beside its name: `{"event":"step.progress","step":"classifier","epoch":3,…}`. */
const progressEvent = ({ figures, ...rest }: Extract<RunEvent, { readonly event: "step.progress" }>): object => ({
  // A figure may be called `step` too; the step's name stands.
  ...figures,
  ...rest,
});

export const layerEvents = (outlet: Outlet, sources: Sources): Layer.Layer<Events> =>
  Layer.effect(
    Events,
    Effect.gen(function* () {
      yield* Effect.addFinalizer(() => Effect.sync(outlet.close));
      return Events.of({ emit: (event) => outlet.emit(event, sources) });
    }),
  );
