import * as Effect from "effect/Effect";
import type { Dataset } from "../data/dataset.ts";
import type { Algorithm, Checkpoint } from "../plan/algorithm.ts";
import type { Step } from "../plan/plan.ts";
import { drive, type World } from "./drive.ts";
import { type Events, emit } from "./events.ts";
import type { Setting } from "./setting.ts";
import { warn } from "./warn.ts";

/** Often enough for a bar, seldom enough to cost nothing. */
const PROGRESS_MS = 100;

/** Drives a step's algorithm: progress and warnings become the step's events. Figures past an epoch's end always get through. */
export const driveStep = <A, E = never, R = never>(
  step: Step,
  algorithm: Algorithm<A>,
  options: {
    readonly setting: Pick<Setting, "backend">;
    readonly data: readonly Dataset[];
    readonly precision: "f32" | "f64";
    readonly checkpoint?: (at: number, state: Checkpoint) => Effect.Effect<void, E, R>;
    readonly part?: World<E, R | Events>["part"];
    readonly block?: World<E, R>["block"];
    readonly phase?: World<E, R>["phase"];
  },
) => {
  let last = Number.NEGATIVE_INFINITY;
  let far = 0;
  return drive<A, E, R | Events>(algorithm, {
    backend: options.setting.backend,
    precision: options.precision,
    data: options.data,
    checkpoint: options.checkpoint ?? (() => Effect.void),
    progress: (fraction, figures) =>
      Effect.suspend(() => {
        far = fraction ?? far;
        const now = performance.now();
        if (now - last < PROGRESS_MS && figures.accuracy === undefined && fraction !== 1) return Effect.void;
        last = now;
        return emit({ event: "step.progress", step: step.id, fraction: far, figures });
      }),
    warn: (message) => warn(step, "MTT5002", message),
    phase: options.phase ?? (() => Effect.void),
    part: (wanted, compute) => {
      // A part counts from its own beginning.
      far = 0;
      return (options.part ?? ((_, whole) => whole(undefined, () => Effect.void)))(wanted, compute);
    },
    block:
      options.block ??
      (({ array }) => Effect.die(new TypeError(`a ${step.body.kind} step writes no blocks, and got one of ${array}`))),
  });
};
