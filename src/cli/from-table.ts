import type { ColumnGuess } from "../data/columns.ts";

/** What people call the column that a model is to say. */
const TARGETS = ["label", "class", "target", "kind", "species", "category", "outcome", "y"];

const isName = (name: string): boolean =>
  /^[A-Za-z]\w*$/.test(name) && !["true", "false", "and", "or", "not"].includes(name);

/** A program for the columns of a table: what is named like a label, or else stands last, is foretold from the other numbers. Nothing where it cannot be. */
export const programFor = (path: string, columns: readonly ColumnGuess[]): string | undefined => {
  const usable = columns.filter(({ name, kind }) => kind !== "text" && isName(name));
  const target = usable.find(({ name }) => TARGETS.includes(name.toLowerCase())) ?? usable.at(-1);
  const inputs = usable.filter((column) => column !== target).map(({ name }) => name);
  if (target === undefined || inputs.length === 0) return undefined;
  const left = columns.filter((column) => !usable.includes(column)).map(({ name }) => name);
  const classes = target.kind === "classes";
  const type = classes ? `class[${target.count}]` : "f32[]";
  const output = classes ? `f32[${target.count}]` : "f32[]";
  const row = inputs.map((name) => `reshape(${name}, [1])`).reduce((all, one) => `concat(${all}, ${one})`);
  return `/// ${target.name} from ${inputs.join(", ")}, and the rows behind what the model says.
${left.length === 0 ? "" : `/// Left out, for they hold no numbers or have no name of the language: ${left.join(", ")}.\n`}
/// Strength of the penalty on large weights.
param strength: float = 0.001

let rows = csv(${JSON.stringify(path)}, fields: { ${inputs.map((name) => `${name}: f32[]`).join(", ")}, ${target.name}: ${type} })
let parts = rows |> shuffle(seed: 1) |> split(at: 0.8)

network Net(${inputs.map((name) => `${name}: f32[]`).join(", ")}) -> ${output} =
  ${row} |> dense(${classes ? target.count : 1})${classes ? "" : " |> reshape([])"}

train model {
  network: Net
  data: parts.first
  target: ${target.name}
  loss: ${classes ? "softmax_cross_entropy" : "mean_squared_error"}
  optimizer: lbfgs(tolerance: 1e-6)
  regularize: l2(strength)
}

evaluate on_test {
  model: model
  data: parts.rest
  metrics: [${classes ? "accuracy, loss" : "loss"}]
}

/// Which rows of the training data made it say that.
influence blame {
  model: model
  test: parts.rest |> take(3)
  method: exact()
}

report results { show: [summary(Net), ${classes ? "confusion(on_test)" : "histogram(on_test)"}, gallery(blame, top: 4), certificate(blame)] }
`;
};
