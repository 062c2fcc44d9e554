import type { Span } from "../../diagnostic/diagnostic.ts";
import { exactBytes, exactRoom } from "../../influence/exact.ts";
import { wayOf } from "../../influence/methods.ts";
import { DEFAULT_BUDGET } from "../../influence/problem.ts";
import { lastLayerOf } from "../../influence/representer.ts";
import { classifierOf } from "../../learn/classify.ts";
import type { Influence, Method } from "../../plan/influence.ts";
import type { Training } from "../../plan/training.ts";
import { sizeOf } from "../../shape/tensor.ts";
import { refuse } from "../refusal.ts";
import type { Session } from "../scope.ts";
import type { PlannedInfluence, PlannedTrain } from "./planned.ts";
import type { StepFields } from "./step-fields.ts";

/** What a method answers: the effect of pixels too, on any measure, of chosen layers, to a residual that `accept` may loosen. */
interface Answers {
  readonly input: boolean;
  readonly measure: boolean;
  readonly layers: boolean;
  readonly accept: boolean;
}

const solve: Answers = { input: true, measure: true, layers: true, accept: true };
const closed: Answers = { ...solve, accept: false };
const products: Answers = { ...closed, input: false };
const answers: { readonly [K in Method["kind"]]: Answers } = {
  cg: solve,
  lissa: solve,
  exact: closed,
  arnoldi: closed,
  nystrom: closed,
  kfac: closed,
  ekfac: closed,
  tracin: products,
  trak: products,
  grad_dot: products,
  grad_cos: products,
  representer: { ...products, layers: false },
  knn_shapley: { ...products, layers: false, measure: false },
  random: { ...products, layers: false, measure: false },
};

const naming = (what: keyof Answers): string =>
  Object.entries(answers)
    .flatMap(([name, of]) => (of[what] ? [name] : []))
    .join(", ");

/** What stands in the step and the method does not read is refused, not left out silently. */
export const mustAnswer = (
  { kind }: Method,
  { network, loss }: PlannedTrain,
  {
    fields,
    of,
    self,
    measure,
  }: Pick<Influence, "of" | "measure"> & { readonly fields: StepFields; readonly self: boolean },
): void => {
  const can = answers[kind];
  const unread = (field: "measure" | "layers" | "accept", why: string, undone: string): void => {
    if (can[field] || fields.read(field, () => true) === undefined) return;
    throw refuse.unfit(fields.span(field), `\`${kind}\` does not read \`${field}\`: ${why}`, {
      help: `leave it out (\`${field}: ${undone}\` in a step made with \`with\`), or take one of ${naming(field)}`,
    });
  };
  if (network.weights.length === 0 && kind !== "knn_shapley" && kind !== "random")
    throw refuse.unfit(
      fields.span("model"),
      `\`${kind}\` follows the weights that an example changed, and \`${network.name}\` has none`,
      {
        help: "ask a model that has weights",
      },
    );
  if (of === "input" && !can.input)
    throw refuse.unfit(
      fields.span("of"),
      `\`${kind}\` has no effect of input pixels: that is a product with (H + λI)⁻¹∇m, and it solves for none`,
      {
        help: `take one of ${naming("input")}`,
      },
    );
  if (of === "input" && self)
    throw refuse.unfit(
      fields.span("of"),
      "the effect of input pixels is on a test example, and self-influence has none of its own",
      {
        help: "give `test` a data set",
      },
    );
  if (measure !== loss)
    unread(
      "measure",
      kind === "random" ? "its scores are draws" : "its scores are shares of a vote by the labels",
      "loss",
    );
  unread(
    "layers",
    kind === "representer" ? "it is of the last layer's weights" : "its scores are of no weights",
    "none",
  );
  unread("accept", "it has no tolerance that a solve could miss", "none");
  if (kind === "knn_shapley" && classifierOf(network, loss) === undefined)
    throw refuse.unfit(
      fields.span("method"),
      `\`knn_shapley\` votes with labels, and \`${loss.name}\` compares with none`,
      {
        help: "take another method: cg, ekfac, trak",
      },
    );
  if (kind === "representer" && lastLayerOf(network) === undefined)
    throw refuse.unfit(
      fields.span("method"),
      `\`representer\` is of a last dense or conv2d layer, and \`${network.name}\` has none`,
      {
        help: "take another method: cg, ekfac, trak",
      },
    );
};

/** The effect of the regularizer's strength is -(H + λI)⁻¹∇m · θ: of a method that solves, on a model that has one. */
export const mustHaveStrength = ({ id, model, specs }: PlannedInfluence, span: Span): void => {
  for (const { regularize, method } of specs) {
    if (regularize === undefined)
      throw refuse.unfit(
        span,
        `\`${model.id}\` was trained without a regularizer, and no strength has an effect on it`,
        {
          help: "train with `regularize: l2(…)`",
        },
      );
    if ("scores" in wayOf(method))
      throw refuse.unfit(
        span,
        `the effect of the strength is a product with (H + λI)⁻¹∇m, and \`${method.kind}\` of \`${id}\` solves for none`,
        {
          help: `take one of ${naming("input")}`,
        },
      );
  }
};

/** What the method asks of the model and how it was trained. */
export const mustFit = (
  method: Method,
  { id, network }: PlannedTrain,
  training: Training,
  layers: readonly string[] | undefined,
  fields: StepFields,
  { memory = DEFAULT_BUDGET }: Session,
): void => {
  if (method.kind === "exact") {
    const asked = network.weights.filter(
      ({ path }) => layers?.some((layer) => path === layer || path.startsWith(`${layer}/`)) ?? true,
    );
    const p = asked.reduce((sum, { type }) => sum + sizeOf(type.shape), 0);
    const [bytes, room] = [exactBytes(p), exactRoom(memory)];
    if (bytes > room)
      throw refuse.tooLarge(
        fields.span("method"),
        `the Hessian of ${p.toLocaleString("en")} weights would take ${gibibytes(bytes)}, and at most ${gibibytes(room)} are allowed`,
        {
          help: '`cg()` solves the same without holding it; `layers: ["layer0"]` asks for some weights only; `--memory` allows more',
        },
      );
  }
  if (method.kind === "tracin" && training.optimizer.kind === "lbfgs")
    throw refuse.unfit(
      fields.span("method"),
      `\`tracin\` follows the steps of a training, and \`${id}\` took none: L-BFGS`,
      {
        help: "take `cg()`, or train with an optimizer that goes by steps",
      },
    );
};

const gibibytes = (bytes: number): string =>
  `${(bytes / 2 ** 30).toLocaleString("en", { maximumFractionDigits: 2 })} GiB`;
