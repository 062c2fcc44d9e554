import { type Builtin, bool, float, gives, int, list, opaque, optional, required, step, text, words } from "./want.ts";

const rate = required("rate", opaque("rate"), "What a step multiplies the direction by: a number, or a schedule.");

/** What `train` and weights are given: initial values, rates, optimizers and the rest of training's options. */
export const trainingBuiltins: readonly Builtin[] = [
  // Initial values of weights.
  {
    name: "constant",
    parameters: [required("value", float, "What every element begins with.")],
    result: gives("init"),
    doc: "Every element is the value.",
  },
  {
    name: "truncated_normal",
    parameters: [required("stddev", float, "The standard deviation of an element.")],
    result: gives("init"),
    doc: "Normal with mean 0; draws beyond two standard deviations are drawn again.",
  },
  {
    name: "normal",
    parameters: [required("stddev", float, "The standard deviation of an element.")],
    result: gives("init"),
    doc: "Normal with mean 0.",
  },
  {
    name: "uniform",
    parameters: [
      required("low", float, "The least that may be drawn."),
      required("high", float, "What every draw is below."),
    ],
    result: gives("init"),
    doc: "Uniform in [low, high).",
  },
  {
    name: "glorot",
    parameters: [],
    result: gives("init"),
    doc: "Uniform within sqrt(6 / (fan in + fan out)) of 0 (Glorot and Bengio 2010).",
  },
  {
    name: "he",
    parameters: [],
    result: gives("init"),
    doc: "Normal with variance 2 / fan in, truncated at two standard deviations (He et al. 2015).",
  },

  // Rates: a number is the constant rate.
  {
    name: "constant",
    parameters: [required("value", float, "The rate of every step.")],
    result: gives("rate"),
    doc: "The same at every step.",
  },
  {
    name: "step",
    parameters: [
      required("rate", float, "The rate at the first step."),
      required("every", int, "How many optimizer steps pass until the rate is multiplied again."),
      required("factor", float, "What the rate is multiplied by each time."),
    ],
    result: gives("rate"),
    doc: "The rate, multiplied by the factor after every so many steps.",
  },
  {
    name: "exponential",
    parameters: [
      required("rate", float, "The rate at the first step."),
      required("every", int, "The optimizer steps over which the rate falls by the factor."),
      required("factor", float, "What the rate is multiplied by over so many steps."),
    ],
    result: gives("rate"),
    doc: "rate x factor^(step / every).",
  },
  {
    name: "cosine",
    parameters: [
      required("rate", float, "The rate at the first step."),
      required("steps", int, "The optimizer steps until the rate is 0, where it stays."),
    ],
    result: gives("rate"),
    doc: "From the rate to 0 along half a cosine.",
  },
  {
    name: "warmup",
    parameters: [
      required("steps", int, "The optimizer steps over which the rate rises from 0."),
      required("then", opaque("rate"), "The rate that it rises to and goes on with: a number, or a schedule."),
    ],
    result: gives("rate"),
    doc: "Linear from 0, then the other rate.",
  },
  {
    name: "piecewise",
    parameters: [
      required(
        "points",
        list(list(float)),
        "Pairs of an optimizer step and the rate from there on; the first step is 0, and steps ascend.",
      ),
    ],
    result: gives("rate"),
    doc: "[[0, 0.1], [500, 0.01]]: 0.1 from step 0, 0.01 from step 500.",
  },

  // Optimizers.
  { name: "sgd", parameters: [rate], result: gives("optimizer"), doc: "Gradient descent." },
  {
    name: "momentum",
    parameters: [rate, optional("momentum", float, "0.9", "The share of the last step that is kept.")],
    result: gives("optimizer"),
    doc: "Gradient descent with momentum (Polyak).",
  },
  {
    name: "nesterov",
    parameters: [rate, optional("momentum", float, "0.9", "The share of the last step that is kept.")],
    result: gives("optimizer"),
    doc: "Nesterov's accelerated gradient.",
  },
  { name: "adagrad", parameters: [rate], result: gives("optimizer"), doc: "Adagrad (Duchi et al. 2011)." },
  {
    name: "rmsprop",
    parameters: [
      rate,
      optional("decay", float, "0.9", "The share of the running mean of squares that each step keeps."),
    ],
    result: gives("optimizer"),
    doc: "RMSprop (Hinton).",
  },
  {
    name: "adam",
    parameters: [
      rate,
      optional("beta1", float, "0.9", "The share of the running mean of gradients that each step keeps."),
      optional("beta2", float, "0.999", "The share of the running mean of squares that each step keeps."),
      optional("epsilon", float, "1e-8", "Added to the root of the mean of squares."),
    ],
    result: gives("optimizer"),
    doc: "Adam (Kingma and Ba 2015).",
  },
  {
    name: "adamw",
    parameters: [
      rate,
      optional("decay", float, "0.01", "The share of each weight that a step takes away, times the rate."),
    ],
    result: gives("optimizer"),
    doc: "Adam with decoupled weight decay (Loshchilov and Hutter 2019).",
  },
  {
    name: "lbfgs",
    parameters: [
      optional("tolerance", float, "1e-8", "Training ends where no element of the gradient is larger."),
      optional("history", int, "10", "How many of the last steps tell of the curvature."),
      optional("iterations", int, "1000", "How many steps are taken, at most."),
    ],
    result: gives("optimizer"),
    doc: "L-BFGS on the full batch, until no element of the gradient exceeds the tolerance (Liu and Nocedal 1989).",
  },

  // Other options of training.
  {
    name: "l2",
    parameters: [
      required("strength", float, "Half of it times the sum of squares is added to the objective."),
      optional("only", text, "every weight", "The name of the weights that are meant, as `W`."),
    ],
    result: gives("regularizer"),
    doc: "(strength / 2) times the sum of squares of the weights.",
  },
  {
    name: "global_norm",
    parameters: [required("limit", float, "The largest length that the gradient of all weights together may have.")],
    result: gives("clip"),
    doc: "Scales the whole gradient down to this norm.",
  },
  {
    name: "value",
    parameters: [required("limit", float, "The largest size that an element may have.")],
    result: gives("clip"),
    doc: "Clips every element of the gradient to [-limit, limit].",
  },
  {
    name: "early_stop",
    parameters: [
      required("patience", int, "How many epochs may pass without a better validation loss."),
      optional("delta", float, "0", "By how much the loss must be better to count, in its own unit."),
      optional("restore", bool, "true", "Whether the weights of the best epoch are taken, and not those of the last."),
    ],
    result: gives("stop"),
    doc: "Stops when the validation loss has not improved by `delta` for so many epochs; `restore` takes the best epoch's weights.",
  },
  {
    name: "every",
    parameters: [
      required("count", int, "How many epochs pass from one checkpoint to the next."),
      optional("unit", { want: "words", words: ["epoch"] }, "epoch", "What is counted: epochs."),
    ],
    result: gives("checkpoint"),
    doc: "A checkpoint every so many epochs.",
  },
  {
    name: "weights",
    parameters: [
      required("file", text, "The path of a `.safetensors` or `.npz` file, relative to the program's file."),
    ],
    result: gives("start"),
    doc: "Weights read from a file.",
  },

  // Values of plain types.
  {
    name: "size",
    parameters: [required("y", int, "The height."), required("x", int, "The width.")],
    result: { result: "size", y: "y", x: "x" },
    doc: "Height by width, of values: size(k, k).",
  },

  // Families.
  {
    name: "each",
    parameters: [required("values", list({ want: "any" }), "What the models differ in, one value for each.")],
    result: { result: "item", of: "values" },
    doc: "In a sweep: one model for each of the values.",
  },
  {
    name: "best",
    parameters: [
      required("family", step("sweep", "evaluate"), "The sweep, or an evaluation of one."),
      required("by", opaque("metric"), "The metric that decides, one of those that were measured."),
      optional(
        "order",
        words("highest", "lowest"),
        "lowest for a loss, highest for accuracy, top and auc",
        "Which end of the metric is the better one.",
      ),
    ],
    result: { result: "model", of: "family" },
    doc: "The model of a sweep that is best by a metric: of its training (on `validate:`'s data where there is some), or of an evaluation of the sweep.",
  },

  // Layers made of layers.
  {
    name: "repeat",
    parameters: [
      required("count", int, "How many times the layer is applied, 0 or more."),
      required("layer", { want: "block", of: "layer" }, "The layer; each time it has weights of its own."),
    ],
    result: { result: "repeat" },
    doc: "So many new instances of a layer, one after another.",
  },
  {
    name: "sequence",
    parameters: [required("layers", list({ want: "block", of: "layer" }), "The layers, first to last.")],
    result: { result: "sequence" },
    doc: "Layers one after another, each a new instance.",
  },

  // Metrics of evaluate.
  {
    name: "accuracy",
    parameters: [],
    result: gives("metric"),
    doc: "The share of examples whose predicted class is the label.",
  },
  { name: "loss", parameters: [], result: gives("metric"), doc: "The mean loss, without the regularizer." },
  {
    name: "top",
    parameters: [required("k", int, "How many of the likeliest classes count, from 1.")],
    result: gives("metric"),
    doc: "The share of examples whose label is among the k likeliest classes.",
  },
  {
    name: "auc",
    parameters: [],
    result: gives("metric"),
    doc: "The area under the ROC curve, for two classes.",
  },
];
