import { type Pair, pairArrays, pairsOf } from "../learn/lbfgs.ts";
import type { Parameters } from "../learn/metrics.ts";
import { trainerOf } from "../learn/together.ts";
import type { TrainData, Trained, Trainer } from "../learn/trained.ts";
import { type Algorithm, AlgorithmFailure, part } from "../plan/algorithm.ts";
import type { Json } from "../plan/json.ts";
import type { Measure } from "../plan/network.ts";
import type { Training } from "../plan/training.ts";
import type { Asking } from "./asking.ts";
import { measurer } from "./measurer.ts";
import type { Removal } from "./removals.ts";

/** What is retrained, and what is measured of it. */
export interface Retraining {
  readonly training: Training;
  /** Preimage of the training, and from where it starts: with the removal, the retraining's key. */
  readonly key: Json;
  /** Numbers of the step's inputs that a retraining depends on. */
  readonly reads: readonly number[];
  readonly data: TrainData;
  /** Absent: from freshly drawn weights. */
  readonly start?: Parameters;
  readonly measure: Measure;
  /** Which of the step's data inputs the tests are, and how many; `self`: the examples that are removed. */
  readonly test: { readonly data: number; readonly n: number } | "self";
  /** The model's own parameters. */
  readonly model: Parameters;
}

/** The measure of every test example, [test]; for self-influence that of each removed example. */
export interface Retrained {
  /** By retraining: before, after nothing was removed, and after its removal. What retraining alone changes is the drift. */
  readonly model: readonly ArrayLike<number>[];
  readonly nothing: readonly ArrayLike<number>[];
  readonly without: readonly ArrayLike<number>[];
  readonly unconverged: number;
}

/** Pairs of L-BFGS that warm retrainings begin with. On logistic regression of MNIST they bring 80 iterations to 15. */
const PAIRS = 100;
/** Finding them costs what few retrainings do. */
const WORTH = 5;

/**
 * Retrains without each removal's examples. The mean keeps its 1/n and the examples get weight 0 (Koh and Liang 2017): dividing by fewer would
 * change the regularizer's share too. Each retraining is a part of its own, so that a stopped validation goes on where it was.
 */
export function* retrain(of: Retraining, removals: readonly Removal[]): Algorithm<Retrained> {
  const all = [{ name: "nothing removed", key: { without: [] }, at: new Int32Array() }, ...removals];
  const measuring = measuringOf(of);
  const trainer = trainerOf(of.training, of.data, of.start, all.length);
  const pairs = of.start !== undefined && removals.length >= WORTH ? PAIRS : 0;
  let known: readonly Pair[] | undefined;
  let nothing: Parameters | undefined;
  let unconverged = 0;
  for (let from = 0; from < all.length; from += trainer.width) {
    const group = all.slice(from, from + trainer.width);
    // Computed where the first is asked for that is not stored.
    let together: readonly Trained[] | undefined;
    const shared = { among: group.length };
    for (const [i, removal] of group.entries()) {
      const { arrays, figures } = yield* part(
        removal.name,
        { retrain: of.key, of: removal.key },
        of.reads,
        function* () {
          known ??= yield* curvature(of, trainer, pairs);
          together ??= yield* trainer.train(weightsOf(group, of.data.n), known);
          return toCheckpoint(together[i]!, removal);
        },
        { shared },
      );
      if (isUnconverged(figures)) unconverged++;
      if (nothing === undefined) nothing = arrays;
      else yield* measuring.put(nothing, arrays, removal);
      const retrained = from + i + 1;
      yield { do: "progress", fraction: retrained / all.length, figures: { retrained, of: all.length } };
    }
  }
  yield* trainer.release();
  return { ...(yield* measuring.finish()), unconverged };
}

const weightsOf = (group: readonly Removal[], n: number): readonly Float64Array[] =>
  group.map(({ at }) => {
    const weights = new Float64Array(n).fill(1);
    for (const position of at) weights[position] = 0;
    return weights;
  });

/** A part, so that a validation that goes on takes the same steps. */
function* curvature({ key, reads }: Retraining, { curvature }: Trainer, pairs: number): Asking<readonly Pair[]> {
  if (pairs === 0 || curvature === undefined) return [];
  const { arrays } = yield* part("curvature", { curvature: key, pairs }, reads, function* () {
    const found = yield* curvature(pairs);
    return { arrays: pairArrays(found), figures: { pairs: found.length } };
  });
  return pairsOf(arrays);
}

const toCheckpoint = ({ parameters, figures: { steps, history, gradient, converged } }: Trained, { at }: Removal) => ({
  arrays: parameters,
  figures: {
    steps,
    removed: at.length,
    loss: history.at(-1)?.loss ?? null,
    ...(gradient === undefined ? {} : { gradient }),
    ...(converged === undefined ? {} : { converged }),
  },
});

/** Measures the tests of each removal before, without anything removed, and after. */
const measuringOf = ({ training, measure, test, model }: Retraining) => {
  const all = test === "self" ? undefined : Int32Array.from({ length: test.n }, (_, i) => i);
  const { of, release } = measurer(training, measure, test === "self" ? 0 : test.data);
  const result: Record<"model" | "nothing" | "without", Float64Array[]> = { model: [], nothing: [], without: [] };

  function* measured(parameters: Parameters, at: Int32Array, after: string) {
    const values = yield* of(parameters, at);
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) return values;
    throw new AlgorithmFailure(
      "MTT5206",
      `${measure.name} of test example ${bad} is ${values[bad]} ${after}`,
      "see that the training itself stays finite from another seed",
    );
  }

  return {
    *put(nothing: Parameters, without: Parameters, removal: Removal): Asking<void> {
      const at = all ?? removal.at;
      // The same tests each time, but for self-influence.
      const known = all !== undefined && result.without.length > 0;
      result.model.push(known ? result.model[0]! : yield* measured(model, at, "before anything is retrained"));
      result.nothing.push(
        known ? result.nothing[0]! : yield* measured(nothing, at, "after retraining with nothing removed"),
      );
      result.without.push(yield* measured(without, at, `after retraining ${removal.name}`));
    },
    *finish(): Asking<typeof result> {
      yield* release();
      return result;
    },
  };
};

const isUnconverged = (figures: Json): boolean =>
  typeof figures === "object" && figures !== null && "converged" in figures && figures.converged === false;
