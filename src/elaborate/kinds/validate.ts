import type { Body } from "../../plan/plan.ts";
import type { Training } from "../../plan/training.ts";
import type { ByRetraining, Validate } from "../../plan/validation.ts";
import type { Step } from "../../syntax/ast.ts";
import { readValidation } from "../read-method.ts";
import { refuse } from "../refusal.ts";
import type { Session } from "../scope.ts";
import { addStep } from "../steps.ts";
import { chosenOf, readsOf } from "./best.ts";
import type { PlannedInfluence, PlannedValidate } from "./planned.ts";
import { addPrediction } from "./predict.ts";
import { mustBeKept, readScores } from "./scores.ts";
import { StepFields } from "./step-fields.ts";

/** The step's inputs are those that `Body` lists. */
export const planValidate = (step: Step, session: Session): PlannedValidate => {
  const fields = new StepFields(step, session);
  const scores = fields.require("influence", (value, e, scope) => {
    const { influence } = readScores(value, e, scope);
    mustBeKept(influence, e, scope);
    return influence;
  });
  const by = fields.require("by", (value, e, scope) => readValidation(value, { e, scope }));
  const add = (validates: readonly Validate[], ...inputs: readonly string[]): PlannedValidate => {
    const id = addStep(session, {
      id: step.name.text,
      declared: true,
      body: chosenOf(
        validates.map((validate, i): Body => ({ kind: "validate", validate, influence: scores.specs[i]! })),
      ),
      inputs,
      span: step.name.span,
    });
    return { kind: "validate", id, by: by.kind };
  };
  const { model } = scores;
  if (by.kind === "mislabel_detection") {
    mustHaveNoise(scores, fields, session);
    const ranks =
      by.rank === "scores"
        ? scores.id
        : addPrediction("loss", model, scores.part ?? model.data, step.name.span, session);
    return add([{ by }], ranks, model.data.step);
  }
  mustPredict(by, scores, fields);
  for (const training of model.trainings) mustTrain(model.id, training, fields);
  // What the training reads besides its data: data to validate with, and the model it starts from unless it starts from its own end.
  const others = readsOf(model, `\`${step.name.text}\``, fields.span("influence"), session);
  const read = isWarm(by) ? others.slice(0, model.trainings[0].validate ? 1 : 0) : others;
  const tests = scores.test === undefined ? [] : [scores.test.step];
  const validates = model.trainings.map((training): Validate => ({ by, training: retrainingOf(by, training) }));
  return add(validates, scores.id, model.id, model.data.step, ...tests, ...read);
};

const mustTrain = (id: string, { length }: Training, fields: StepFields): void => {
  if (length === undefined || ("epochs" in length ? length.epochs : length.steps) > 0) return;
  throw refuse.unfit(
    fields.span("influence"),
    `\`${id}\` is only loaded, and training it again without an example changes nothing`,
    {
      help: "ask a model that is trained here: `epochs: 10`",
    },
  );
};

const isWarm = (by: ByRetraining): boolean => by.kind === "leave_one_out" && by.start === "warm";

/**
 * The model's training, in f64 where no convolution forbids it: one example in thousands changes less than f32 resolves. A warm start begins at the
 * model itself.
 */
const retrainingOf = (by: ByRetraining, training: Training): Training => ({
  ...training,
  ...(isWarm(by) ? { start: "model" } : {}),
  ...(training.network.training.nodes.some(({ op }) => op === "conv2d") ? {} : { precision: "f64" }),
});

/** Correlations are of three points and more, and of sets whose effect the scores tell. */
const mustPredict = (by: ByRetraining, scores: PlannedInfluence, fields: StepFields): void => {
  const at = fields.span("by");
  const points = by.kind !== "removal_curve" ? by.count : typeof by.steps === "number" ? by.steps : by.steps.length;
  if (points < LEAST)
    throw refuse.range(at, `a correlation takes ${LEAST} retrainings or more, and this asks for ${points}`, {
      help: by.kind === "removal_curve" ? "say `steps: 10`" : "say `count: 100`",
    });
  if (by.kind === "leave_one_out") return;
  if (scores.test === undefined)
    throw refuse.unfit(at, `\`${scores.id}\` tells of each example's influence on itself, and this removes many`, {
      help: "give `test` a data set, or validate with `leave_one_out(count: 100)`",
    });
  if (by.kind !== "subset_retraining") return;
  if (scores.part !== undefined)
    throw refuse.unfit(
      at,
      `\`${scores.id}\` scores a part of the training data, and subsets are drawn from all of it`,
      {
        help: "leave its `train` out, or validate with `leave_one_out(count: 100)`",
      },
    );
  if (by.fraction === 1)
    throw refuse.range(at, "subsets of all examples remove nothing, and `fraction` is below 1", {
      help: "say `fraction: 0.5`",
    });
};

const LEAST = 3;

/** Labels that noise changed are on record: somewhere before the model's data there is some. */
const mustHaveNoise = ({ model }: PlannedInfluence, fields: StepFields, session: Session): void => {
  const seen = [model.data.step];
  for (const id of seen) {
    const { body, inputs } = session.steps.get(id)!;
    if (body.kind === "query" && body.operation.op === "with_label_noise") return;
    if (body.kind !== "query" && body.kind !== "best") continue;
    seen.push(...inputs);
  }
  throw refuse.unfit(
    fields.span("by"),
    `no label of \`${model.id}\`'s data was changed, so that there is none to find`,
    {
      help: "train on `data |> with_label_noise(fraction: 0.1, seed: 1)`",
    },
  );
};
