import { type Builtin, bool, float, gives, int, list, opaque, optional, required, step, text, words } from "./want.ts";

const rate = required("rate", opaque("rate"), "A number or a schedule.");

/** What `train` and weights are given: initial values, rates, optimizers and the rest of training's options. */
export const trainingBuiltins: readonly Builtin[] = [
  // Initial values of weights.
  {
    name: "constant",
    parameters: [required("value", float)],
    result: gives("init"),
    doc: "Every element is the value.",
  },
  {
    name: "truncated_normal",
    parameters: [required("stddev", float)],
    result: gives("init"),
    doc: "Normal with mean 0; draws beyond two standard deviations are drawn again.",
  },
  {
    name: "normal",
    parameters: [required("stddev", float)],
    result: gives("init"),
    doc: "Normal with mean 0.",
  },
  {
    name: "uniform",
    parameters: [required("low", float), required("high", float)],
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
  { name: "constant", parameters: [required("value", float)], result: gives("rate"), doc: "The same at every step." },
  {
    name: "step",
    parameters: [
      required("rate", float, "At the first step."),
      required("every", int, "Steps."),
      required("factor", float, "What it is multiplied by."),
    ],
    result: gives("rate"),
    doc: "The rate, multiplied by the factor after every so many steps.",
  },
  {
    name: "exponential",
    parameters: [
      required("rate", float, "At the first step."),
      required("every", int, "Steps."),
      required("factor", float, "What it is multiplied by."),
    ],
    result: gives("rate"),
    doc: "rate x factor^(step / every).",
  },
  {
    name: "cosine",
    parameters: [required("rate", float, "At the first step."), required("steps", int, "Until it is 0.")],
    result: gives("rate"),
    doc: "From the rate to 0 along half a cosine.",
  },
  {
    name: "warmup",
    parameters: [required("steps", int), required("then", opaque("rate"))],
    result: gives("rate"),
    doc: "Linear from 0, then the other rate.",
  },
  {
    name: "piecewise",
    parameters: [required("points", list(list(float)))],
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
    parameters: [rate, optional("decay", float, "0.9", "Of the running mean of squares.")],
    result: gives("optimizer"),
    doc: "RMSprop (Hinton).",
  },
  {
    name: "adam",
    parameters: [
      rate,
      optional("beta1", float, "0.9", "Decay of the running mean of gradients."),
      optional("beta2", float, "0.999", "Decay of the running mean of squares."),
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
      optional("tolerance", float, "1e-8", "The largest element of the gradient at which it ends."),
      optional("history", int, "10", "Steps from which the curvature is taken."),
      optional("iterations", int, "1000", "The most steps."),
    ],
    result: gives("optimizer"),
    doc: "L-BFGS on the full batch, until no element of the gradient exceeds the tolerance (Liu and Nocedal 1989).",
  },

  // Other options of training.
  {
    name: "l2",
    parameters: [required("strength", float), optional("only", text, "every weight", "Weights of this name, as `W`.")],
    result: gives("regularizer"),
    doc: "(strength / 2) times the sum of squares of the weights.",
  },
  {
    name: "global_norm",
    parameters: [required("limit", float)],
    result: gives("clip"),
    doc: "Scales the whole gradient down to this norm.",
  },
  {
    name: "value",
    parameters: [required("limit", float)],
    result: gives("clip"),
    doc: "Clips every element of the gradient to [-limit, limit].",
  },
  {
    name: "early_stop",
    parameters: [
      required("patience", int, "Epochs without a better loss."),
      optional("delta", float, "0", "By how much a loss must be better."),
      optional("restore", bool, "true"),
    ],
    result: gives("stop"),
    doc: "Stops when the validation loss has not improved by `delta` for so many epochs; `restore` takes the best epoch's weights.",
  },
  {
    name: "every",
    parameters: [required("count", int), optional("unit", { want: "words", words: ["epoch"] }, "epoch")],
    result: gives("checkpoint"),
    doc: "A checkpoint every so many epochs.",
  },
  {
    name: "weights",
    parameters: [required("file", text)],
    result: gives("start"),
    doc: "Weights read from a safetensors file.",
  },

  // Values of plain types.
  {
    name: "size",
    parameters: [required("y", int), required("x", int)],
    result: { result: "size", y: "y", x: "x" },
    doc: "Height by width, of values: size(k, k).",
  },

  // Families.
  {
    name: "each",
    parameters: [required("values", list({ want: "any" }))],
    result: { result: "item", of: "values" },
    doc: "In a sweep: one model for each of the values.",
  },
  {
    name: "best",
    parameters: [
      required("family", step("sweep", "evaluate")),
      required("by", opaque("metric")),
      optional("order", words("highest", "lowest"), "lowest for a loss, highest for accuracy, top and auc"),
    ],
    result: { result: "model", of: "family" },
    doc: "The model of a sweep that is best by a metric: of its training (on `validate:`'s data where there is some), or of an evaluation of the sweep.",
  },

  // Layers made of layers.
  {
    name: "repeat",
    parameters: [required("count", int), required("layer", { want: "block", of: "layer" })],
    result: { result: "repeat" },
    doc: "So many new instances of a layer, one after another.",
  },
  {
    name: "sequence",
    parameters: [required("layers", list({ want: "block", of: "layer" }))],
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
    parameters: [required("k", int)],
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
