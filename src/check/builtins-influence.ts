import {
  type Builtin,
  dataset,
  either,
  float,
  gives,
  int,
  list,
  opaque,
  optional,
  required,
  step,
  words,
} from "./want.ts";

const scores = required("scores", step("influence"));
const autoDamping = optional("damping", either(float, words("auto")), "auto");
const hessian = optional("hessian", words("exact", "gauss_newton"), "exact");
/** Of factors there is one curvature only: saying so is allowed. */
const gaussNewton = optional("hessian", words("gauss_newton"), "gauss_newton");
const precondition = optional("precondition", either(opaque("method"), words("none", "ekfac", "nystrom")), "none");
const seed = optional("seed", int, "0");
const selected = { result: "training_data", of: "scores" } as const;

/** Measures, methods, what an accepted solve is, queries over scores, and ways to validate them. */
export const influenceBuiltins: readonly Builtin[] = [
  // What is measured on the test example.
  { name: "loss", parameters: [], result: gives("measure"), doc: "The loss of the test example." },
  {
    name: "margin",
    parameters: [],
    result: gives("measure"),
    doc: "The label's logit minus the largest other one.",
  },
  { name: "logit", parameters: [required("k", int)], result: gives("measure"), doc: "The logit of class k." },
  {
    name: "probability",
    parameters: [required("k", int)],
    result: gives("measure"),
    doc: "The probability of class k.",
  },

  // Methods; their sources are cited where they are computed.
  {
    name: "exact",
    parameters: [optional("damping", either(float, words("auto")), "0"), hessian],
    result: gives("method"),
    doc: "The Hessian assembled and factored in float64.",
  },
  {
    name: "cg",
    parameters: [
      autoDamping,
      optional("tolerance", float, "1e-5"),
      optional("iterations", int, "200"),
      precondition,
      hessian,
    ],
    result: gives("method"),
    doc: "Conjugate gradients with Hessian-vector products (Martens 2010).",
  },
  {
    name: "lissa",
    parameters: [
      autoDamping,
      optional("scale", either(float, words("auto")), "auto"),
      optional("depth", either(int, words("auto")), "auto"),
      optional("repeats", either(int, words("auto")), "auto"),
      optional("tolerance", float, "1e-2"),
      seed,
      precondition,
      hessian,
    ],
    result: gives("method"),
    doc: "The stochastic Neumann series (Agarwal et al. 2017), preconditioned as ASTRA where asked (Wang et al. 2025).",
  },
  {
    name: "arnoldi",
    parameters: [required("rank", int), autoDamping, seed, hessian],
    result: gives("method"),
    doc: "The leading eigenvectors found by Arnoldi's iteration (Schioppa et al. 2022).",
  },
  {
    name: "nystrom",
    parameters: [required("rank", int), autoDamping, seed, hessian],
    result: gives("method"),
    doc: "A Nystrom approximation of the Hessian.",
  },
  {
    name: "kfac",
    parameters: [autoDamping, seed, gaussNewton],
    result: gives("method"),
    doc: "Kronecker factors of each layer (Martens and Grosse 2015).",
  },
  {
    name: "ekfac",
    parameters: [autoDamping, seed, gaussNewton],
    result: gives("method"),
    doc: "Kronecker factors with corrected eigenvalues (George et al. 2018; Grosse et al. 2023).",
  },
  {
    name: "tracin",
    parameters: [],
    result: gives("method"),
    doc: "Gradient products over checkpoints (Pruthi et al. 2020).",
  },
  {
    name: "trak",
    parameters: [optional("projections", int, "512"), optional("models", int, "1"), seed],
    result: gives("method"),
    doc: "Random projections of gradients (Park et al. 2023).",
  },
  { name: "grad_dot", parameters: [], result: gives("method"), doc: "The product of the gradients." },
  { name: "grad_cos", parameters: [], result: gives("method"), doc: "The cosine between the gradients." },
  {
    name: "representer",
    parameters: [],
    result: gives("method"),
    doc: "Representer points of the last layer (Yeh et al. 2018).",
  },
  {
    name: "knn_shapley",
    parameters: [required("k", int)],
    result: gives("method"),
    doc: "Shapley values of a nearest-neighbour classifier (Jia et al. 2019).",
  },
  {
    name: "random",
    parameters: [required("seed", int)],
    result: gives("method"),
    doc: "Random scores: what every other method must beat.",
  },
  {
    name: "residual",
    parameters: [required("at_most", float)],
    result: gives("acceptance"),
    doc: "A solve that stops short is taken where its relative residual is at most this.",
  },

  // Queries over scores.
  {
    name: "most_harmful",
    parameters: [scores, required("n", int)],
    result: selected,
    doc: "The n training examples of the lowest summed scores.",
  },
  {
    name: "most_helpful",
    parameters: [scores, required("n", int)],
    result: selected,
    doc: "The n training examples of the highest summed scores.",
  },
  {
    name: "of_test",
    parameters: [scores, required("at", int)],
    result: { result: "same", as: "scores" },
    doc: "The scores for one test example, by its place in the query's test set.",
  },
  {
    name: "group",
    parameters: [scores, required("set", dataset), optional("order", int, "1")],
    result: { result: "type", type: { kind: "float" } },
    doc: "The effect of removing a whole set, first or second order (Basu et al. 2020).",
  },
  {
    name: "correlation",
    parameters: [scores, required("other", step("influence"))],
    result: { result: "type", type: { kind: "float" } },
    doc: "Pearson's correlation of two ways' scores of the same examples.",
  },

  // Ways to validate.
  {
    name: "leave_one_out",
    parameters: [
      required("count", int),
      optional("choose", words("largest", "random", "spread"), "largest"),
      optional("start", words("warm", "cold"), "warm"),
      optional("seed", int, "0"),
    ],
    result: gives("validation"),
    doc: "Retrains without each of so many examples.",
  },
  {
    name: "subset_retraining",
    parameters: [required("count", int), required("fraction", float), optional("seed", int, "0")],
    result: gives("validation"),
    doc: "Retrains on random subsets: the linear datamodeling score.",
  },
  {
    name: "mislabel_detection",
    parameters: [optional("rank", words("scores", "loss"), "scores")],
    result: gives("validation"),
    doc: "How well self-influence finds the labels that noise changed.",
  },
  {
    name: "removal_curve",
    parameters: [required("steps", either(int, list(int), list(float)))],
    result: gives("validation"),
    doc: "The loss as ever more of the most harmful examples are removed.",
  },
];
