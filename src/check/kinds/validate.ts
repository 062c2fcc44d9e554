import { opaque, step } from "../want.ts";
import { field, figures, type Kind } from "./kind.ts";

export const validate: Kind = {
  fields: [
    field("influence", step("influence"), "The scores that are put to the test."),
    field("by", opaque("validation"), "leave_one_out, subset_retraining, mislabel_detection or removal_curve."),
  ],
  figures: () =>
    figures({
      pearson: { kind: "float" },
      spearman: { kind: "float" },
      slope: { kind: "float" },
      drift: { kind: "float" },
      auc: { kind: "float" },
      points: { kind: "opaque", name: "scores" },
    }),
  check: () => {},
};
