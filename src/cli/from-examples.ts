/** Data of a project as the text of a program, and what an example of it is. */
export interface Described {
  /** What the program is about, in a sentence without its end. */
  readonly about: string;
  /** `let` lines. */
  readonly lets: string;
  readonly train: string;
  readonly test: string;
  /** To train with, at least: a batch is no larger. */
  readonly examples: number;
  readonly field: string;
  readonly shape: readonly number[];
  /** The field that is foretold, and how many classes it has; a number where it has none. */
  readonly target: string;
  readonly classes: number | undefined;
}

/** Weights that the last layer may read: EK-FAC factors a matrix of so many rows. */
const FEW = 1024;
const SMALL_SIDE = 8;
const MOST_BATCH = 32;

/** A program that trains on the data, and asks which examples made it say that. */
export const programOf = ({ about, lets, train, test, examples, field, shape, target, classes }: Described): string => {
  const output = classes === undefined ? "f32[]" : `f32[${classes}]`;
  const { layers, width } = layersFor(shape, classes ?? 1);
  const batch = 2 ** Math.floor(Math.log2(Math.max(1, Math.min(MOST_BATCH, examples))));
  const method = width <= FEW ? "ekfac()" : "cg(hessian: gauss_newton, damping: 0.01)";
  return `/// ${about}, and the examples behind what the model says.

/// Passes over the training data.
param epochs: int = 5

${lets}

network Net(${field}: f32[${shape.join(", ")}]) -> ${output} =
  ${field}${layers.map((layer) => `\n  |> ${layer}`).join("")}${classes === undefined ? "\n  |> reshape([])" : ""}

train model {
  network: Net
  data: ${train}
  ${target === "label" ? "" : `target: ${target}\n  `}loss: ${classes === undefined ? "mean_squared_error" : "softmax_cross_entropy"}
  optimizer: adam(rate: 3e-3)
  batch: ${batch}
  epochs: epochs
  seed: 1
}

evaluate on_test {
  model: model
  data: ${test}
  metrics: [${classes === undefined ? "loss" : "accuracy, loss"}]
}

/// Which training examples made it say that.
influence blame {
  model: model
  test: ${test} |> take(3)
  method: ${method}
}

report results { show: [summary(Net), curves(model), ${classes === undefined ? "histogram" : "confusion"}(on_test), gallery(blame, top: 4), certificate(blame)] }
`;
};

/** Convolutions halve a picture until it is small; what is no picture goes through a hidden layer. `width`: what the widest layer reads. */
const layersFor = (shape: readonly number[], outputs: number) => {
  const [height = 0, width = 0, channels] = shape;
  const size = shape.reduce((product, one) => product * one, 1);
  const isPicture = (shape.length === 3 && channels! <= 4) || shape.length === 2;
  if (!isPicture || Math.min(height, width) < SMALL_SIDE) {
    const flat = shape.length === 0 ? ["reshape([1])"] : shape.length === 1 ? [] : ["flatten"];
    return { layers: [...flat, "dense(32)", "relu", `dense(${outputs})`], width: size };
  }
  const layers = shape.length === 2 ? [`reshape([${height}, ${width}, 1])`] : [];
  let [h, w, c] = [height, width, 8];
  for (let i = 0; i === 0 || h * w * c > FEW; i++) {
    c = i === 0 ? 8 : 16;
    layers.push(`conv(${c}, stride: 2x2)`, "relu");
    [h, w] = [Math.ceil(h / 2), Math.ceil(w / 2)];
  }
  return { layers: [...layers, "flatten", `dense(${outputs})`], width: h * w * c };
};
