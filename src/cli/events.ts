import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { Events, type RunEvent } from "../execute/events.ts";
import type { Format } from "./flags.ts";
import { printError, rendered } from "./print.ts";
import { linesView, type ProgressView, terminalView } from "./progress.ts";

const silent: ProgressView = { show: () => {}, close: () => {} };

/** Where a run's events go: JSON lines on stdout, a bar on a terminal, plain lines on a pipe. Diagnostics are printed whatever is quiet. */
export const layerEvents = (options: {
  readonly format: Format;
  readonly quiet: boolean;
  readonly progress: boolean;
  readonly sources: ReadonlyMap<string, string>;
}): Layer.Layer<Events> =>
  Layer.effect(
    Events,
    Effect.gen(function* () {
      if (options.format === "json") {
        return Events.of({
          emit: (event) => Effect.sync(() => void process.stdout.write(`${JSON.stringify(jsonEvent(event))}\n`)),
        });
      }
      const view = options.quiet
        ? silent
        : options.progress && process.stderr.isTTY
          ? terminalView(process.stderr)
          : linesView((line) => process.stderr.write(`${line}\n`));
      yield* Effect.addFinalizer(() => Effect.sync(view.close));
      return Events.of({
        emit: (event) =>
          Effect.suspend(() => {
            view.show(event);
            return event.event === "diagnostic"
              ? printError(rendered([event.diagnostic], options.sources, options.format, process.stderr))
              : Effect.void;
          }),
      });
    }),
  );

/** The figures of a step's progress stand beside its name: `{"event":"step.progress","step":"classifier","epoch":3,…}`. */
const jsonEvent = (event: RunEvent) => {
  if (event.event !== "step.progress") return event;
  const { figures, ...rest } = event;
  return { ...rest, ...figures };
};
