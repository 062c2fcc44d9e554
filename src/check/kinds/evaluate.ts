import type { Expression, Step } from "../../syntax/ast.ts";
import type { Type } from "../checked.ts";
import type { Context } from "../context.ts";
import { checkFeeds, checkMeasures } from "../feeds.ts";
import { factsOf, sweepBehind } from "../steps.ts";
import { dataset, either, list, model, opaque, step as stepOf } from "../want.ts";
import { field, type Kind } from "./kind.ts";

export const evaluate: Kind = {
  fields: [
    field("model", either(model, stepOf("sweep")), "The model to test; of a sweep, each of its models."),
    field("data", dataset, "The examples to test it on."),
    field(
      "metrics",
      list(opaque("metric")),
      "What is measured: accuracy, loss, top(k), auc, or a block.",
      "[accuracy, loss]; [loss] for a loss that compares with no label",
    ),
  ],
  figures: (c, step) => metricFigures(c, step),
  check: (c, site) => {
    const result = checkFeeds(c, site);
    if (result !== undefined) checkMeasures(c, site, site.given.get("metrics"), result);
  },
};

const float: Type = { kind: "float" };

/** One figure a metric: `accuracy`, `loss`, `top5` for top(5), a block's name. */
function metricFigures(c: Context, step: Step): ReadonlyMap<string, Type> | undefined {
  const facts = factsOf(c, step);
  // A family has one of each for every member: `best` picks one.
  if (sweepBehind(c, step) !== undefined) return new Map();
  const metrics = facts.given?.get("metrics");
  if (metrics === undefined && facts.doubtful) return undefined;
  if (metrics?.kind !== "list")
    return new Map([
      ["accuracy", float],
      ["loss", float],
    ]);
  // One that is no metric was told of where it stands: what it was meant to be is not known.
  if (metrics.items.some((item) => !isNamed(item) || c.types.get(item)?.kind === "error")) return undefined;
  return new Map(
    metrics.items.flatMap((item): readonly (readonly [string, Type])[] => {
      if (item.kind === "name") return [[item.text, float]];
      if (item.kind !== "call" || item.callee.kind !== "name") return [];
      const k = c.calls.get(item)?.arguments.get("k");
      const type = k === undefined ? undefined : c.types.get(k);
      const number = type?.kind === "int" && typeof type.value === "number" ? `${type.value}` : "";
      return [[`${item.callee.text}${number}`, float]];
    }),
  );
}

/** A metric is a name or a call of one. */
const isNamed = (item: Expression): boolean => item.kind === "name" || item.kind === "call";
