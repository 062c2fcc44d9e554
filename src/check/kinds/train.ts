import type { Expression } from "../../syntax/ast.ts";
import { type Context, report } from "../context.ts";
import { checkFeeds, checkLoss } from "../feeds.ts";
import { problems } from "../problems.ts";
import { dataset, either, int, model, opaque, words } from "../want.ts";
import { field, figures, type Kind, type StepSite } from "./kind.ts";

const none = words("none");

export const train: Kind = {
  fields: [
    field("network", { want: "network" }, "What is trained."),
    field("data", dataset, "The examples; their fields feed the network's parameters by name."),
    field("loss", { want: "block", of: "loss" }, "A block of the network's result and the target."),
    field("target", { want: "field" }, "The field that the loss compares with.", "label"),
    field("optimizer", opaque("optimizer"), "How the weights follow the gradient."),
    field("batch", int, "Examples a step.", "256"),
    field("epochs", int, "Passes over the data.", "as many as `steps` make"),
    field("steps", int, "Steps of the optimizer.", "as many as `epochs` make"),
    field("seed", int, "Initial weights, order and dropout follow from it.", "0"),
    field("regularize", either(opaque("regularizer"), none), "Added to the objective.", "none"),
    field("clip", either(opaque("clip"), none), "A limit of the gradient.", "none"),
    field(
      "augment",
      either({ want: "block", of: "any" }, none),
      "A block that changes an example while training.",
      "none",
    ),
    field("validate", either(dataset, none), "Data to measure the loss on after each epoch.", "none"),
    field("early_stop", either(opaque("stop"), none), "When to stop early.", "none"),
    field(
      "checkpoint",
      either(opaque("checkpoint"), none),
      "How often the state is kept: where a stopped run goes on, and what `tracin` sums over.",
      "every(1, epoch)",
    ),
    field("start", either(model, opaque("start"), none), "The weights to begin with.", "drawn anew"),
    field("precision", words("f32", "f64"), "What is computed with.", "f32; f64 for lbfgs of a dense model"),
  ],
  figures: () => figures({ epochs: { kind: "int" }, loss: { kind: "float" }, accuracy: { kind: "float" } }),
  check: (c, site) => {
    checkLength(c, site);
    checkRanges(c, site);
    const result = checkFeeds(c, site);
    if (result !== undefined) checkLoss(c, site, result);
  },
};

/** One of `epochs` and `steps`; none with an optimizer that runs to its tolerance. */
function checkLength(c: Context, { step, given, own, meant }: StepSite): void {
  const [epochs, steps, optimizer] = [given.get("epochs"), given.get("steps"), given.get("optimizer")];
  if (epochs !== undefined && steps !== undefined && (own.has("epochs") || own.has("steps"))) {
    const second = epochs.span.start > steps.span.start ? epochs : steps;
    report(
      c,
      problems.fieldsConflict(second.span, "training lasts for `epochs` or for `steps`, and both are given", {
        label: "given besides the other",
        help: "remove one of them",
      }),
    );
  }
  if (step.base !== undefined || meant.has("epochs") || meant.has("steps")) return;
  if (epochs === undefined && steps === undefined && optimizer !== undefined && !runsToTolerance(c, optimizer))
    report(
      c,
      problems.missingStepField(step.name.span, `train \`${step.name.text}\` needs \`epochs\` or \`steps\``, {
        label: "how long does it train?",
        help: "add `epochs: 10`",
      }),
    );
}

/** L-BFGS, or something that is not known to be another. */
function runsToTolerance(c: Context, optimizer: Expression): boolean {
  const callee = optimizer.kind === "call" ? optimizer.callee : optimizer;
  if (callee.kind !== "name") return true;
  const binding = c.bindings.get(callee);
  if (binding?.kind === "declaration" && binding.declaration.kind === "let")
    return runsToTolerance(c, binding.declaration.value);
  return binding?.kind !== "builtin" || binding.name === "lbfgs";
}

const least: Readonly<Record<string, number>> = { batch: 1, epochs: 0, steps: 0 };

function checkRanges(c: Context, { given, types, own }: StepSite): void {
  for (const [name, from] of Object.entries(least)) {
    const type = types.get(name);
    if (!own.has(name) || type?.kind !== "int" || typeof type.value !== "number" || type.value >= from) continue;
    report(
      c,
      problems.valueRange(given.get(name)!.span, `\`${name}\` is ${type.value}, and must be ${from} or more`, {
        label: `${from} or more expected here`,
      }),
    );
  }
}
