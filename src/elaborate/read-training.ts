import { GraphBuilder } from "../ir/builder.ts";
import type { Graph } from "../ir/graph.ts";
import { verified } from "../ir/verify.ts";
import type { Optimizer, Regularizer, Schedule, Training } from "../plan/training.ts";
import { plainBuilding } from "./building.ts";
import { apply, tensorInputs } from "./call.ts";
import { newInstance } from "./instance.ts";
import { Arguments, type Place, readMade, readNumber, unknown } from "./read.ts";
import { refuse } from "./refusal.ts";
import { graphScope, spanFor } from "./scope.ts";
import { asTensor } from "./tensor.ts";
import { type BlockValue, calleeName, type Value } from "./value.ts";

/** A number is the constant rate; a block is given the step, counted from 0. */
export const readSchedule = (value: Value, place: Place): Schedule => {
  if (value.kind === "block" && value.callee.kind !== "builtin")
    return { kind: "block", graph: rateGraph(value, place) };
  if (value.kind === "number") return { kind: "constant", rate: readNumber(value, "rate", { from: 0 }, place) };
  const made = readMade(value, "a rate: a number or a schedule such as `cosine(0.1, steps: 1000)`", place);
  const given = new Arguments(made, place);
  switch (made.name) {
    case "constant":
      return { kind: "constant", rate: given.number("value", { from: 0 }) };
    case "step":
    case "exponential":
      return {
        kind: made.name,
        rate: given.number("rate", { from: 0 }),
        every: given.number("every", { from: 1, whole: true }),
        factor: given.number("factor", { from: 0 }),
      };
    case "cosine":
      return {
        kind: "cosine",
        rate: given.number("rate", { from: 0 }),
        steps: given.number("steps", { from: 1, whole: true }),
      };
    case "warmup": {
      const steps = given.number("steps", { from: 1, whole: true });
      const then = readSchedule(given.get("then")!, given.place("then"));
      return { kind: "warmup", steps, then };
    }
    case "piecewise":
      return { kind: "piecewise", points: readPoints(given.get("points")!, given.place("points")) };
    default:
      throw unknown(made, "a rate", place);
  }
};

const rateGraph = (value: BlockValue, { e, scope }: Place): Graph => {
  const name = calleeName(value.callee);
  const builder = new GraphBuilder();
  const step = builder.input("step", { dtype: "f32", shape: [] });
  const [input] = tensorInputs(value);
  const bound = new Map(value.bound);
  if (input !== undefined) bound.set(input, { kind: "tensor", value: step });
  const inside = graphScope(scope.session, name, plainBuilding(builder, `\`${name}\``));
  return verified(builder.build([asTensor(apply(value, bound, newInstance(), e, inside), e, inside).value]));
};

/** [[0, 0.1], [500, 0.01]]: steps ascend from 0. */
const readPoints = (value: Value, place: Place): readonly (readonly [number, number])[] => {
  const items = value.kind === "list" ? value.items : [];
  const points = items.map((item): readonly [number, number] => {
    const [at, rate] = item.kind === "list" ? item.items : [];
    if (at === undefined || rate === undefined)
      throw refuse.value(spanFor(place.e.span, place.scope), "a point of `piecewise` is [step, rate]");
    return [readNumber(at, "step", { from: 0, whole: true }, place), readNumber(rate, "rate", { from: 0 }, place)];
  });
  const ascending = points.every(([at], i) => (i === 0 ? at === 0 : at > points[i - 1]![0]));
  if (points.length === 0 || !ascending)
    throw refuse.range(spanFor(place.e.span, place.scope), "the steps of `piecewise` begin with 0 and ascend", {
      help: "write pairs of a step and its rate, `[[0, 0.1], [500, 0.01]]`",
    });
  return points;
};

export const readOptimizer = (value: Value, place: Place): Optimizer => {
  const made = readMade(value, "an optimizer such as `adam(1e-3)`", place);
  const given = new Arguments(made, place);
  const rate = (): Schedule => readSchedule(given.get("rate")!, given.place("rate"));
  const below1 = (name: string, otherwise: number): number => given.number(name, { from: 0, to: 1 }, otherwise);
  switch (made.name) {
    case "sgd":
    case "adagrad":
      return { kind: made.name, rate: rate() };
    case "momentum":
    case "nesterov":
      return { kind: made.name, rate: rate(), momentum: below1("momentum", 0.9) };
    case "rmsprop":
      return { kind: "rmsprop", rate: rate(), decay: below1("decay", 0.9) };
    case "adam":
      return {
        kind: "adam",
        rate: rate(),
        beta1: below1("beta1", 0.9),
        beta2: below1("beta2", 0.999),
        epsilon: given.number("epsilon", { from: 0 }, 1e-8),
      };
    case "adamw":
      return { kind: "adamw", rate: rate(), decay: given.number("decay", { from: 0 }, 0.01) };
    case "lbfgs":
      return {
        kind: "lbfgs",
        tolerance: given.number("tolerance", { above: 0 }, 1e-8),
        history: given.number("history", { from: 1, whole: true }, 10),
        iterations: given.number("iterations", { from: 1, whole: true }, 1000),
      };
    default:
      throw unknown(made, "an optimizer", place);
  }
};

export const readRegularizer = (value: Value, place: Place): Regularizer => {
  const made = readMade(value, "a regularizer such as `l2(0.01)`", place);
  if (made.name !== "l2") throw unknown(made, "a regularizer", place);
  const given = new Arguments(made, place);
  const only = given.text("only");
  const strength = given.number("strength", { from: 0 });
  return only === undefined ? { kind: "l2", strength } : { kind: "l2", strength, only };
};

export const readClip = (value: Value, place: Place): NonNullable<Training["clip"]> => {
  const made = readMade(value, "a limit such as `global_norm(1.0)`", place);
  if (made.name !== "global_norm" && made.name !== "value") throw unknown(made, "a limit of the gradient", place);
  return { kind: made.name, limit: new Arguments(made, place).number("limit", { above: 0 }) };
};

export const readEarlyStop = (value: Value, place: Place): NonNullable<Training["earlyStop"]> => {
  const made = readMade(value, "`early_stop(patience)`", place);
  if (made.name !== "early_stop") throw unknown(made, "`early_stop(patience)`", place);
  const given = new Arguments(made, place);
  return {
    patience: given.number("patience", { from: 1, whole: true }),
    delta: given.number("delta", { from: 0 }, 0),
    restore: given.flag("restore", true),
  };
};

/** `every(1, epoch)` */
export const readCheckpoint = (value: Value, place: Place): number => {
  const made = readMade(value, "`every(1, epoch)`", place);
  if (made.name !== "every") throw unknown(made, "`every(1, epoch)`", place);
  return new Arguments(made, place).number("count", { from: 1, whole: true });
};
