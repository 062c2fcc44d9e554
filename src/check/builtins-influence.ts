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

const scores = required(
  "scores",
  step("influence"),
  "The influence step whose scores are read; what stands before `|>`.",
);
const autoDamping = optional(
  "damping",
  either(float, words("auto")),
  "auto",
  "Added to the eigenvalues of the curvature. `auto`: 0 where none is negative, else twice the size of the smallest; of factors a tenth of each layer's mean eigenvalue.",
);
const hessian = optional(
  "hessian",
  words("exact", "gauss_newton"),
  "exact",
  "The Hessian itself, or its part that has no negative eigenvalue.",
);
/** Of factors there is one curvature only: saying so is allowed. */
const gaussNewton = optional(
  "hessian",
  words("gauss_newton"),
  "gauss_newton",
  "The one curvature that factors have: that without negative eigenvalues.",
);
const precondition = optional(
  "precondition",
  either(opaque("method"), words("none", "ekfac", "nystrom")),
  "none",
  "An approximate inverse that shortens the solve and changes no result.",
);
const seed = optional("seed", int, "0", "What is drawn follows from it.");
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
  {
    name: "logit",
    parameters: [required("k", int, "The class, counted from 0.")],
    result: gives("measure"),
    doc: "The logit of class k.",
  },
  {
    name: "probability",
    parameters: [required("k", int, "The class, counted from 0.")],
    result: gives("measure"),
    doc: "The probability of class k.",
  },

  // Methods; their sources are cited where they are computed.
  {
    name: "exact",
    parameters: [
      optional("damping", either(float, words("auto")), "0", "Added to the eigenvalues of the Hessian."),
      hessian,
    ],
    result: gives("method"),
    doc: "The Hessian assembled and factored in float64.",
  },
  {
    name: "cg",
    parameters: [
      autoDamping,
      optional("tolerance", float, "1e-5", "The relative residual at which the solve ends; one that misses it fails."),
      optional("iterations", int, "200", "The most iterations of a solve."),
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
      optional(
        "scale",
        either(float, words("auto")),
        "auto",
        "The Hessian is divided by it, so that the series converges.",
      ),
      optional("depth", either(int, words("auto")), "auto", "Terms of the series."),
      optional("repeats", either(int, words("auto")), "auto", "Runs of the series whose mean is taken."),
      optional("tolerance", float, "1e-2", "The relative residual at which the solve ends; one that misses it fails."),
      seed,
      precondition,
      hessian,
    ],
    result: gives("method"),
    doc: "The stochastic Neumann series (Agarwal et al. 2017), preconditioned as ASTRA where asked (Wang et al. 2025).",
  },
  {
    name: "arnoldi",
    parameters: [required("rank", int, "How many eigenvectors."), autoDamping, seed, hessian],
    result: gives("method"),
    doc: "The leading eigenvectors found by Arnoldi's iteration (Schioppa et al. 2022).",
  },
  {
    name: "nystrom",
    parameters: [required("rank", int, "How many eigenvectors."), autoDamping, seed, hessian],
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
    parameters: [
      optional("projections", int, "512", "Dimensions that gradients are projected to."),
      optional("models", int, "1", "Models of other seeds whose mean is taken."),
      seed,
    ],
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
    parameters: [required("k", int, "Neighbours that vote.")],
    result: gives("method"),
    doc: "Shapley values of a nearest-neighbour classifier (Jia et al. 2019).",
  },
  {
    name: "random",
    parameters: [required("seed", int, "The scores that are drawn follow from it.")],
    result: gives("method"),
    doc: "Random scores: what every other method must beat.",
  },
  {
    name: "residual",
    parameters: [
      required(
        "at_most",
        float,
        "The largest relative residual that is taken: a share of the right-hand side's length.",
      ),
    ],
    result: gives("acceptance"),
    doc: "A solve that stops short is taken where its relative residual is at most this.",
  },

  // Queries over scores.
  {
    name: "most_harmful",
    parameters: [scores, required("n", int, "How many examples are taken, no more than were scored.")],
    result: selected,
    doc: "The n training examples of the lowest summed scores.",
  },
  {
    name: "most_helpful",
    parameters: [scores, required("n", int, "How many examples are taken, no more than were scored.")],
    result: selected,
    doc: "The n training examples of the highest summed scores.",
  },
  {
    name: "of_test",
    parameters: [scores, required("at", int, "The place of the test example in the query's test set, counted from 0.")],
    result: { result: "same", as: "scores" },
    doc: "The scores for one test example, by its place in the query's test set.",
  },
  {
    name: "group",
    parameters: [
      scores,
      required("set", dataset, "The training examples that are removed together."),
      optional("order", int, "1", "1 sums the scores; 2 adds how the examples act on each other."),
    ],
    result: { result: "type", type: { kind: "float" } },
    doc: "The effect of removing a whole set, first or second order (Basu et al. 2020).",
  },
  {
    name: "correlation",
    parameters: [
      scores,
      required("other", step("influence"), "The influence step whose scores of the same examples are compared."),
    ],
    result: { result: "type", type: { kind: "float" } },
    doc: "Pearson's correlation of two ways' scores of the same examples.",
  },

  // Ways to validate.
  {
    name: "leave_one_out",
    parameters: [
      required("count", int, "How many are left out, one at a time."),
      optional(
        "choose",
        words("largest", "random", "spread"),
        "largest",
        "By the scores' sizes: the largest, any, or spread over all ranks.",
      ),
      optional("start", words("warm", "cold"), "warm", "Each retraining starts from the model, or from new weights."),
      seed,
    ],
    result: gives("validation"),
    doc: "Retrains without each of so many examples.",
  },
  {
    name: "subset_retraining",
    parameters: [
      required("count", int, "How many subsets are drawn and retrained on."),
      required("fraction", float, "The share of the examples in each, above 0 and below 1."),
      seed,
    ],
    result: gives("validation"),
    doc: "Retrains on random subsets: the linear datamodeling score.",
  },
  {
    name: "mislabel_detection",
    parameters: [
      optional(
        "rank",
        words("scores", "loss"),
        "scores",
        "By what examples are ranked: their scores, or their losses.",
      ),
    ],
    result: gives("validation"),
    doc: "How well self-influence finds the labels that noise changed.",
  },
  {
    name: "removal_curve",
    parameters: [
      required(
        "steps",
        either(int, list(int), list(float)),
        "How many are removed: so many equal steps up to a tenth of the data, counts, or shares below 1.",
      ),
    ],
    result: gives("validation"),
    doc: "The loss as ever more of the most harmful examples are removed.",
  },
];
