import { checkFeeds, checkMeasures } from "../feeds.ts";
import { dataset, either, int, list, model, opaque, text, words } from "../want.ts";
import { field, figures, type Kind } from "./kind.ts";

/** Undoes what a step made with `with` would take over. */
const none = words("none");

export const influence: Kind = {
  fields: [
    field("model", model, "The trained model that is asked."),
    field(
      "test",
      either(dataset, words("self")),
      "The examples whose measure is explained; `self` for self-influence.",
    ),
    field("train", either(dataset, none), "The examples that are held responsible.", "the model's own data"),
    field("measure", opaque("measure"), "loss, margin, logit(k), probability(k), or a block.", "loss"),
    field("of", words("example", "input"), "What changes: an example is removed, or a pixel of it moves.", "example"),
    field("method", opaque("method"), "How it is computed."),
    field("top", either(int, none), "How many scores of each test example are kept.", "all"),
    field("layers", either(list(text), none), "Only the weights of these layers.", "all"),
    field(
      "accept",
      either(opaque("acceptance"), none),
      "A solve that may stop short.",
      "none that missed its tolerance",
    ),
  ],
  figures: () =>
    figures({
      residual: { kind: "float" },
      damping: { kind: "float" },
      hvps: { kind: "int" },
      gradient: { kind: "float" },
      smallest: { kind: "float" },
      largest: { kind: "float" },
      strength_effect: { kind: "float" },
      scores: { kind: "opaque", name: "scores" },
    }),
  check: (c, site) => {
    const result = checkFeeds(c, site);
    if (result !== undefined) checkMeasures(c, site, site.given.get("measure"), result);
  },
};
