import type { Schedule, Training } from "../../plan/training.ts";

/** What a training was given, for the table of hyper-parameters. */
export const hyperparameters = (training: Training): Readonly<Record<string, number | string | boolean>> => {
  const { optimizer, regularize, clip, length, earlyStop } = training;
  const { kind, ...options } = optimizer;
  const given: Record<string, number | string | boolean> = { network: training.network.name, optimizer: kind };
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "number") given[name] = value;
    else Object.assign(given, rateOf(value));
  }
  return {
    ...given,
    ...(length ?? {}),
    batch: training.batch,
    seed: training.seed,
    precision: training.precision,
    ...(regularize === undefined ? {} : { l2: regularize.strength }),
    ...(clip === undefined ? {} : { clip: clip.limit }),
    ...(earlyStop === undefined ? {} : { patience: earlyStop.patience }),
    augmented: training.augment !== undefined,
  };
};

/** The rate at the beginning, and how it goes on. */
const rateOf = (schedule: Schedule): Readonly<Record<string, number | string>> => {
  switch (schedule.kind) {
    case "constant":
      return { rate: schedule.rate };
    case "step":
    case "exponential":
    case "cosine":
      return { rate: schedule.rate, schedule: schedule.kind };
    case "warmup":
      return { ...rateOf(schedule.then), schedule: "warmup" };
    case "piecewise":
      return { rate: schedule.points[0]?.[1] ?? 0, schedule: "piecewise" };
    case "block":
      return { schedule: "block" };
  }
};
