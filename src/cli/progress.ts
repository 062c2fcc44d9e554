import cliProgress from "cli-progress";
import type { Figures, RunEvent } from "../execute/events.ts";
import type { Json } from "../plan/json.ts";
import { megabytes } from "../report/number.ts";
import { harmless } from "./print.ts";

/** Shows a run's events to a person: bars on a terminal, plain lines on a pipe. */
export interface ProgressView {
  readonly show: (event: RunEvent) => void;
  readonly close: () => void;
}

const SHOWN_FIGURES = 6;

/** A figure as people read it. */
export const figure = (value: Json): string =>
  typeof value === "number"
    ? Number.isInteger(value)
      ? String(value)
      : value.toPrecision(4)
    : typeof value === "string"
      ? /^[0-9a-f]{64}$/.test(value)
        ? value.slice(0, 12)
        : value
      : JSON.stringify(value);

/** What people look for first; the rest follows by name, so that a result reads the same whether computed or stored. */
const first = [
  ...["member", "epoch", "epochs", "loss", "accuracy", "count", "origin", "passed"],
  ...["method", "residual", "damping", "hvps", "smallest", "largest"],
  ...["pearson", "spearman", "slope", "auc", "found", "drift"],
];
const place = (name: string): number => (first.includes(name) ? first.indexOf(name) : first.length);

/** `loss 0.1034, accuracy 0.9713`: the plain numbers of a result. */
export const figuresText = (figures: Figures): string =>
  Object.entries(figures)
    .filter(([name]) => name !== "peak_memory" && !name.endsWith("seconds"))
    .filter(([, value]) => typeof value === "number" || typeof value === "string" || typeof value === "boolean")
    .sort(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
    .slice(0, SHOWN_FIGURES)
    .map(([name, value]) => `${name} ${figure(value)}`)
    .join(", ");

/** `epoch 3/10, loss 0.2345, accuracy 0.9123`: how far a step is; its own steps are left to the bar. */
const progressText = ({ epoch, epochs, step: _, ...rest }: Figures): string => {
  const far = typeof epoch === "number" && typeof epochs === "number" ? `epoch ${epoch}/${epochs}` : "";
  return [far, figuresText(rest)].filter((text) => text !== "").join(", ");
};

const seconds = (value: number): string =>
  value < 10
    ? `${value.toFixed(1)} s`
    : value < 120
      ? `${Math.round(value)} s`
      : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`;

const finishedLine = (event: Extract<RunEvent, { readonly step: string; readonly result: Figures }>): string => {
  const how = event.event === "step.cached" ? "cached" : seconds(event.seconds);
  const { seconds: _, peak_memory: peak, solving_seconds: solving, scoring_seconds: scoring, ...result } = event.result;
  const figures = figuresText(result);
  const spent = [
    how,
    ...(typeof solving === "number" && typeof scoring === "number"
      ? [`solving ${seconds(solving)}, scoring ${seconds(scoring)}`]
      : []),
    ...(typeof peak === "number" ? [megabytes(peak)] : []),
  ].slice(0, event.event === "step.cached" ? 1 : undefined);
  return `${event.event === "step.cached" ? "=" : "✓"} ${event.step}  ${figures}${figures === "" ? "" : "  "}(${spent.join(", ")})`;
};

const waitingLine = (step: string): string =>
  `… ${step}  another run on this store computes it; waiting for its result`;

const skippedLines = ({ steps }: Extract<RunEvent, { readonly event: "run.finished" }>): readonly string[] =>
  Object.entries(steps).flatMap(([name, { status }]) =>
    status === "skipped" ? [`- ${name}  skipped: it reads what failed`] : [],
  );

/** One line when a step starts and ends, and one an epoch. */
export const linesView = (write: (line: string) => void): ProgressView => {
  const epochs = new Map<string, Json>();
  return {
    show: (event) => {
      switch (event.event) {
        case "step.started":
          if (event.kind !== "data" && event.kind !== "query") write(`… ${event.step}`);
          break;
        case "step.progress":
          if (event.figures.accuracy !== undefined && epochs.get(event.step) !== event.figures.epoch) {
            epochs.set(event.step, event.figures.epoch ?? null);
            write(`  ${event.step} ${Math.round(event.fraction * 100)} %  ${progressText(event.figures)}`);
          }
          break;
        case "step.finished":
        case "step.cached":
          write(finishedLine(event));
          break;
        case "step.waiting":
          write(waitingLine(event.step));
          break;
        case "run.finished":
          for (const line of skippedLines(event)) write(line);
          break;
        case "diagnostic":
          break;
      }
    },
    close: () => {},
  };
};

/** Steps of a training a second, since the bar began. */
interface Pace {
  readonly step: number;
  readonly since: number;
  readonly rate?: string;
}

const paceOf = (pace: Pace | undefined, { step }: Figures, now: number): Pace | undefined => {
  if (typeof step !== "number") return pace;
  if (pace === undefined) return { step, since: now };
  const rate = ((step - pace.step) * 1000) / (now - pace.since);
  return { ...pace, rate: `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} steps/s` };
};

/** One bar a running step; it becomes a line when the step ends. */
export const terminalView = (stream: NodeJS.WritableStream & { readonly columns?: number }): ProgressView => {
  let bar: cliProgress.SingleBar | undefined;
  let step = "";
  let pace: Pace | undefined;
  const stop = () => {
    bar?.stop();
    bar = undefined;
    pace = undefined;
  };
  // However the process ends, the cursor is seen again.
  process.once("exit", stop);
  const start = (name: string) => {
    stop();
    step = name;
    bar = new cliProgress.SingleBar(
      {
        stream,
        format: `{step} {bar} {percentage} %  {figures}  {eta_formatted} left`,
        barsize: 24,
        hideCursor: true,
        clearOnComplete: true,
        stopOnComplete: false,
        barCompleteChar: "█",
        barIncompleteChar: "░",
        fps: 8,
        etaBuffer: 200,
        gracefulExit: false,
      },
      cliProgress.Presets.shades_classic,
    );
    bar.start(1000, 0, { step: name, figures: "" });
  };
  return {
    show: (event) => {
      switch (event.event) {
        case "step.started":
          if (event.kind !== "query") start(event.step);
          break;
        case "step.progress":
          if (bar === undefined || step !== event.step) start(event.step);
          pace = paceOf(pace, event.figures, performance.now());
          bar?.update(Math.round(event.fraction * 1000), {
            step: event.step,
            figures: [progressText(event.figures), ...(pace?.rate === undefined ? [] : [pace.rate])].join(", "),
          });
          break;
        case "step.finished":
        case "step.cached":
          stop();
          stream.write(`${harmless(finishedLine(event))}\n`);
          break;
        case "step.waiting":
          stop();
          stream.write(`${waitingLine(event.step)}\n`);
          break;
        case "diagnostic":
          stop();
          break;
        case "run.finished":
          stop();
          for (const line of skippedLines(event)) stream.write(`${line}\n`);
          break;
      }
    },
    close: () => {
      stop();
      process.removeListener("exit", stop);
    },
  };
};
