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
    parameters: [required("of", either({ want: "network" }, model))],
    result: gives("picture"),
    doc: "A network stage by stage: shapes, weights, cost.",
  },
  {
    name: "curves",
    parameters: [required("of", either(model, step("sweep"), list(model)))],
    result: gives("picture"),
    doc: "Loss and accuracy over the epochs.",
  },
  {
    name: "confusion",
    parameters: [required("of", step("evaluate"))],
    result: gives("picture"),
    doc: "How often each class was taken for each.",
  },
  {
    name: "gallery",
    parameters: [required("of", either(step("influence"), dataset)), optional("top", int, "8")],
    result: gives("picture"),
    doc: "Test images beside the training images that helped and harmed most.",
  },
  {
    name: "histogram",
    parameters: [required("of", any), optional("bins", int, "40")],
    result: gives("picture"),
    doc: "How values are spread: an evaluation's losses, an influence's scores, a list of figures.",
  },
  {
    name: "scatter",
    parameters: [required("of", either(step("validate"), opaque("scores")))],
    result: gives("picture"),
    doc: "Predicted change against retrained change.",
  },
  {
    name: "table",
    parameters: [required("of", any), optional("title", text, "none")],
    result: gives("picture"),
    doc: "Figures as a table.",
  },
  {
    name: "certificate",
    parameters: [required("of", step("influence"))],
    result: gives("picture"),
    doc: "How far a solve can be trusted: residual, eigenvalues, damping.",
  },
];
