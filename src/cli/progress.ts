import cliProgress from "cli-progress";
import type { Figures, RunEvent } from "../execute/events.ts";
import type { Json } from "../plan/json.ts";
import { megabytes } from "../report/number.ts";
import { Pace } from "./pace.ts";
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

/** What is counted, and by which figure its end is known. */
const counted: Readonly<Record<string, string>> = {
  epoch: "epochs",
  vector: "vectors",
  row: "rows",
  examples: "of",
  factored: "of",
  factor: "factors",
  retrained: "of",
};

/** `epoch 3/10, loss 0.2345, accuracy 0.9123`: how far a step is; its own steps are left to the pace. */
const progressText = ({ step: _, ...figures }: Figures): string => {
  const counters = Object.entries(counted).filter(
    ([of, end]) => typeof figures[of] === "number" && typeof figures[end] === "number",
  );
  const told = new Set(counters.flat());
  const rest = Object.fromEntries(Object.entries(figures).filter(([name]) => !told.has(name)));
  return [...counters.map(([of, end]) => `${of} ${figure(figures[of]!)}/${figure(figures[end]!)}`), figuresText(rest)]
    .filter((text) => text !== "")
    .join(", ");
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

/** Seconds from which on a part is told of each time. */
const LONG = 1;

/** A step that goes block by block asks for a part of one name again and again: the first time tells enough, but of what takes long. */
const repeats = (): ((event: RunEvent) => boolean) => {
  const told = new Set<string>();
  return (event) => {
    if (!("kind" in event) || event.kind !== "part") return false;
    if (!("seconds" in event)) return event.event === "step.started" && told.has(event.step);
    const again = told.has(event.step) && (event.event === "step.cached" || event.seconds < LONG);
    told.add(event.step);
    return again;
  };
};

/** Milliseconds after which a step that has nothing to say says how far it is. */
const QUIET = 30_000;

/** One line when a step starts and ends, one an epoch, and one every half minute of what takes long. */
export const linesView = (write: (line: string) => void, now: () => number = () => performance.now()): ProgressView => {
  const epochs = new Map<string, Json>();
  const again = repeats();
  let last = now();
  const tell = (line: string) => {
    last = now();
    write(line);
  };
  return {
    show: (event) => {
      if (again(event)) return;
      switch (event.event) {
        case "step.started":
          if (event.kind !== "data" && event.kind !== "query") tell(`… ${event.step}`);
          break;
        case "step.progress":
          if (
            (event.figures.accuracy !== undefined && epochs.get(event.step) !== event.figures.epoch) ||
            now() - last >= QUIET
          ) {
            epochs.set(event.step, event.figures.epoch ?? null);
            tell(`  ${event.step} ${Math.round(event.fraction * 100)} %  ${progressText(event.figures)}`);
          }
          break;
        case "step.finished":
        case "step.cached":
          tell(finishedLine(event));
          break;
        case "step.waiting":
          tell(waitingLine(event.step));
          break;
        case "run.finished":
          for (const line of skippedLines(event)) tell(line);
          break;
        case "diagnostic":
          break;
      }
    },
    close: () => {},
  };
};

/** One bar a running step; it becomes a line when the step ends. */
export const terminalView = (stream: NodeJS.WritableStream & { readonly columns?: number }): ProgressView => {
  let bar: cliProgress.SingleBar | undefined;
  let step = "";
  /** A part that is computed in between does not end its step's own. */
  const paces = new Map<string, Pace>();
  const again = repeats();
  const stop = () => {
    bar?.stop();
    bar = undefined;
  };
  // However the process ends, the cursor is seen again.
  process.once("exit", stop);
  const start = (name: string) => {
    stop();
    step = name;
    bar = new cliProgress.SingleBar(
      {
        stream,
        format: "{step} {bar} {percentage} %  {figures}  {left}",
        barsize: 24,
        hideCursor: true,
        clearOnComplete: true,
        stopOnComplete: false,
        barCompleteChar: "█",
        barIncompleteChar: "░",
        fps: 8,
        gracefulExit: false,
      },
      cliProgress.Presets.shades_classic,
    );
    bar.start(1000, 0, { step: name, figures: "", left: "" });
  };
  const advance = ({ step: name, fraction, figures }: Extract<RunEvent, { readonly event: "step.progress" }>) => {
    const now = performance.now();
    const pace = paces.get(name) ?? new Pace();
    paces.set(name, pace);
    pace.add(fraction, figures, now);
    const rate = pace.rate(figures, now);
    bar?.update(Math.round(fraction * 1000), {
      step: name,
      figures: [progressText(figures), ...(rate === undefined ? [] : [rate])].join(", "),
      left: pace.left(now),
    });
  };
  return {
    show: (event) => {
      const silent = again(event);
      switch (event.event) {
        case "step.started":
          if (event.kind !== "query") start(event.step);
          break;
        case "step.progress":
          if (bar === undefined || step !== event.step) start(event.step);
          advance(event);
          break;
        case "step.finished":
        case "step.cached":
          stop();
          if (!silent) stream.write(`${harmless(finishedLine(event))}\n`);
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
