import {
  type Builtin,
  dataset,
  either,
  gives,
  int,
  list,
  model,
  opaque,
  optional,
  required,
  step,
  text,
} from "./want.ts";

const any = { want: "any" } as const;

/** What a report shows. */
export const reportBuiltins: readonly Builtin[] = [
  {
    name: "summary",
    parameters: [required("of", either({ want: "network" }, model), "The network, or a model of it.")],
    result: gives("picture"),
    doc: "A network stage by stage: shapes, weights, cost.",
  },
  {
    name: "curves",
    parameters: [
      required(
        "of",
        either(model, step("sweep"), list(model)),
        "The models whose training is drawn, together in one plot.",
      ),
    ],
    result: gives("picture"),
    doc: "Loss and accuracy over the epochs.",
  },
  {
    name: "confusion",
    parameters: [required("of", step("evaluate"), "The evaluation of a model that classifies.")],
    result: gives("picture"),
    doc: "How often each class was taken for each.",
  },
  {
    name: "gallery",
    parameters: [
      required("of", either(step("influence"), dataset), "The scores, or a data set whose examples are shown."),
      optional(
        "top",
        int,
        "8",
        "How many training images of each sign stand beside a test image; of a data set, how many examples.",
      ),
    ],
    result: gives("picture"),
    doc: "Test images beside the training images that helped and harmed most.",
  },
  {
    name: "histogram",
    parameters: [
      required("of", any, "An evaluation, an influence step or its scores, or a list of figures."),
      optional("bins", int, "40", "How many bars the range is divided into."),
    ],
    result: gives("picture"),
    doc: "How values are spread: an evaluation's losses, an influence's scores, a list of figures.",
  },
  {
    name: "scatter",
    parameters: [
      required("of", either(step("validate"), opaque("scores")), "A validation that retrains, or its `points`."),
    ],
    result: gives("picture"),
    doc: "Predicted change against retrained change.",
  },
  {
    name: "table",
    parameters: [
      required(
        "of",
        any,
        "A figure, a step with all of its figures, a list of these; of a sweep, or its evaluation, a line for each model.",
      ),
      optional("title", text, "none", "What stands above the table."),
    ],
    result: gives("picture"),
    doc: "Figures as a table.",
  },
  {
    name: "certificate",
    parameters: [required("of", step("influence"), "The influence step whose figures are shown and explained.")],
    result: gives("picture"),
    doc: "How far a solve can be trusted: residual, eigenvalues, damping.",
  },
];
