import type { HessianChoice, Method, Preconditioner } from "../plan/influence.ts";
import type { Validation } from "../plan/validation.ts";
import { Arguments, type Place, type Range, readMade, readNumber, unknown, wordOf } from "./read.ts";
import { refuse } from "./refusal.ts";
import { spanFor } from "./scope.ts";
import type { Value } from "./value.ts";

const METHOD = "a method such as `cg()`";
const SEED: Range = { from: -(2 ** 31), to: 2 ** 31 - 1, whole: true };
const positive: Range = { above: 0 };
const atLeastOne: Range = { from: 1, whole: true };

/** `cg(damping: auto, tolerance: 1e-4)` with its defaults. */
export const readMethod = (value: Value, place: Place): Method => {
  const made = readMade(value, METHOD, place);
  const given = new Arguments(made, place);
  const orAuto = (name: string, range: Range): number | "auto" => {
    const argument = given.get(name);
    if (argument === undefined || wordOf(argument) === "auto") return "auto";
    return readNumber(argument, name, range, place);
  };
  const damping = (): number | "auto" => orAuto("damping", { from: 0 });
  const seed = (): number => given.number("seed", SEED, 0);
  const hessian = (): HessianChoice => {
    const word = given.get("hessian");
    return word !== undefined && wordOf(word) === "gauss_newton" ? "gauss_newton" : "exact";
  };
  switch (made.name) {
    case "exact":
      return { kind: "exact", damping: given.get("damping") === undefined ? 0 : damping(), hessian: hessian() };
    case "cg":
      return {
        kind: "cg",
        damping: damping(),
        tolerance: given.number("tolerance", positive, 1e-5),
        iterations: given.number("iterations", atLeastOne, 200),
        precondition: readPreconditioner(given.get("precondition"), place),
        hessian: hessian(),
      };
    case "lissa":
      return {
        kind: "lissa",
        damping: damping(),
        scale: orAuto("scale", positive),
        depth: orAuto("depth", atLeastOne),
        repeats: orAuto("repeats", atLeastOne),
        tolerance: given.number("tolerance", positive, 1e-2),
        seed: seed(),
        precondition: readPreconditioner(given.get("precondition"), place),
        hessian: hessian(),
      };
    case "arnoldi":
    case "nystrom":
      return {
        kind: made.name,
        rank: given.number("rank", atLeastOne),
        damping: damping(),
        seed: seed(),
        hessian: hessian(),
      };
    case "kfac":
    case "ekfac":
      return { kind: made.name, damping: damping(), seed: seed() };
    case "tracin":
    case "grad_dot":
    case "grad_cos":
    case "representer":
      return { kind: made.name };
    case "trak":
      return {
        kind: "trak",
        projections: given.number("projections", atLeastOne, 512),
        models: given.number("models", atLeastOne, 1),
        seed: seed(),
      };
    case "knn_shapley":
      return { kind: "knn_shapley", k: given.number("k", atLeastOne) };
    case "random":
      return { kind: "random", seed: seed() };
    default:
      throw unknown(made, METHOD, place);
  }
};

/** `ekfac` or `ekfac(damping: 0.1)`: a preconditioner takes the damping of the solve, whatever it is given. */
const readPreconditioner = (value: Value | undefined, place: Place): Preconditioner => {
  if (value === undefined) return "none";
  const name = wordOf(value) ?? readMade(value, "none, ekfac or nystrom", place).name;
  if (name === "none" || name === "ekfac" || name === "nystrom") return name;
  throw refuse.value(
    spanFor(place.e.span, place.scope),
    `\`precondition\` takes none, ekfac or nystrom, and got ${name}`,
  );
};

/** `residual(1e-2)` */
export const readAccept = (value: Value, place: Place): number => {
  const made = readMade(value, "`residual(at_most)`", place);
  if (made.name !== "residual") throw unknown(made, "`residual(at_most)`", place);
  return new Arguments(made, place).number("at_most", positive);
};

const BY = "a way to validate such as `leave_one_out(count: 100)`";

/** `leave_one_out(count: 100)` with its defaults. */
export const readValidation = (value: Value, place: Place): Validation => {
  const made = readMade(value, BY, place);
  const given = new Arguments(made, place);
  const word = (name: string): string | undefined => {
    const argument = given.get(name);
    return argument === undefined ? undefined : wordOf(argument);
  };
  switch (made.name) {
    case "leave_one_out": {
      const choose = word("choose");
      return {
        kind: "leave_one_out",
        count: given.number("count", atLeastOne),
        choose: choose === "random" || choose === "spread" ? choose : "largest",
        start: word("start") === "cold" ? "cold" : "warm",
        seed: given.number("seed", SEED, 0),
      };
    }
    case "subset_retraining":
      return {
        kind: "subset_retraining",
        count: given.number("count", atLeastOne),
        fraction: given.number("fraction", { above: 0, to: 1 }),
        seed: given.number("seed", SEED, 0),
      };
    case "mislabel_detection":
      return { kind: "mislabel_detection", rank: word("rank") === "loss" ? "loss" : "scores" };
    case "removal_curve": {
      const steps = given.get("steps");
      if (steps?.kind !== "list") return { kind: "removal_curve", steps: given.number("steps", atLeastOne) };
      return {
        kind: "removal_curve",
        steps: steps.items.map((item) => readNumber(item, "steps", positive, place)),
      };
    }
    default:
      throw unknown(made, BY, place);
  }
};
