import { nearMiss } from "../../diagnostic/near-miss.ts";
import type { Field } from "../../plan/dataset.ts";
import type { Influence, Method } from "../../plan/influence.ts";
import { type Measure, type Network, unfedField } from "../../plan/network.ts";
import type { Body } from "../../plan/plan.ts";
import { preimage } from "../../plan/preimage.ts";
import type { Training } from "../../plan/training.ts";
import type { Step } from "../../syntax/ast.ts";
import { readQuantity } from "../quantities.ts";
import { readNumber, readText, wordOf } from "../read.ts";
import { readAccept, readMethod } from "../read-method.ts";
import { refuse } from "../refusal.ts";
import type { Session } from "../scope.ts";
import { addStep } from "../steps.ts";
import { type DatasetValue, describe } from "../value.ts";
import { chosenData, chosenOf, readsOf } from "./best.ts";
import { readDataset } from "./data.ts";
import { mustAnswer, mustFit } from "./influence-method.ts";
import type { PlannedInfluence, PlannedTrain } from "./planned.ts";
import { readModel } from "./predict.ts";
import { StepFields } from "./step-fields.ts";

/** The step's inputs: the model, its data, the test data, the part of the data that is scored, other models of an ensemble. */
export const planInfluence = (step: Step, session: Session): PlannedInfluence => {
  const fields = new StepFields(step, session);
  const model = fields.require("model", readModel);
  mustNotSeeBatch(model, fields);
  const test = fields.read("test", (value, e, scope) =>
    wordOf(value) === "self" ? "self" : readDataset(value, e, scope),
  );
  if (test === undefined)
    throw refuse.value(step.name.span, `\`${step.name.text}\` needs \`test\``, {
      help: "the examples to explain, or `test: self` for the influence of each training example on itself",
    });
  const tested = test === "self" ? model.data : test;
  mustFeed(model, tested, "test", fields);
  const train = fields.read("train", readDataset);
  if (train !== undefined) mustBePartOf(model, train, fields, session);
  const measure =
    fields.read("measure", (value, e, scope) => readQuantity(value, model, tested.fields, { e, scope })) ?? model.loss;
  mustHaveTargets(measure, model, tested.fields, fields);
  const method = fields.require("method", (value, e, scope) => readMethod(value, { e, scope }));
  const top = fields.read("top", (value, e, scope) => readNumber(value, "top", { from: 1, whole: true }, { e, scope }));
  const layers = fields.read("layers", (value, e, scope) => {
    if (value.kind !== "list")
      throw refuse.value(e.span, `\`layers\` is a list of texts, and this is ${describe(value)}`);
    if (value.items.length === 0)
      throw refuse.value(e.span, "`layers` names no layer", { help: "leave it out for the weights of all layers" });
    return value.items.map((item, i) => {
      const place = { e: e.kind === "list" ? e.items[i]! : e, scope };
      const layer = readText(item, "layers", place);
      mustBeLayer(layer, model.network, place.e.span);
      return layer;
    });
  });
  const accept = fields.read("accept", (value, e, scope) => readAccept(value, { e, scope }));
  const of = fields.name("of") === "input" ? "input" : "example";
  mustAnswer(method, model, { fields, of, measure, self: test === "self" });
  for (const training of model.trainings) mustFit(method, model, training, layers, fields, session);
  const specs = model.trainings.map(
    ({ regularize }): Influence => ({
      network: model.network,
      loss: model.loss,
      measure,
      test: test === "self" ? "self" : "data",
      of,
      method,
      ...(regularize === undefined ? {} : { regularize }),
      // One score for each example is all there is of self-influence.
      ...(top === undefined || test === "self" ? {} : { top }),
      ...(layers === undefined ? {} : { layers }),
      ...(accept === undefined ? {} : { accept }),
    }),
  );
  const part = train === undefined || train.step === model.data.step ? undefined : train;
  const id = addStep(session, {
    id: step.name.text,
    declared: true,
    body: chosenOf(
      specs.map(
        (influence, i): Body => ({
          kind: "influence",
          influence,
          part: part !== undefined,
          ...traced(method, model.trainings[i]!, fields),
        }),
      ),
    ),
    inputs: [
      model.id,
      model.data.step,
      ...(test === "self" ? [] : [test.step]),
      ...(part === undefined ? [] : [part.step]),
      ...ensemble(method, model, session, fields),
    ],
    span: step.name.span,
  });
  return { kind: "influence", id, influence: specs[0]!, specs, model, test: test === "self" ? undefined : test, part };
};

/** Influence asks one example at a time, outside of training. */
const mustNotSeeBatch = ({ id, network }: PlannedTrain, fields: StepFields): void => {
  if (!network.inference.nodes.some(({ op }) => op === "batch_mean")) return;
  throw refuse.seesBatch(
    fields.span("model"),
    `\`${network.name}\` takes means over a batch where \`training\` is false, and no example of \`${id}\` has an effect of its own`,
    { help: "carry the mean in a state and read that outside of training, as `batch_norm` does" },
  );
};

const mustFeed = (model: PlannedTrain, data: DatasetValue, field: string, fields: StepFields): void => {
  const unfed = unfedField(model.network, data.fields);
  if (unfed !== undefined) throw refuse.field(fields.span(field), `\`${model.id}\` ${unfed}`);
};

/** The fields that the measure compares with are there, with the classes that the model learned. */
const mustHaveTargets = (
  { name, targets }: Measure,
  model: PlannedTrain,
  data: readonly Field[],
  fields: StepFields,
): void => {
  for (const target of targets) {
    const found = data.find((field) => field.name === target);
    const learned = model.data.fields.find((field) => field.name === target);
    if (found === undefined)
      throw refuse.field(fields.span("test"), `\`${name}\` compares with \`${target}\`, which the test data lacks`, {
        help: "measure `logit(k)` or `probability(k)`, which read no label",
      });
    if (learned?.classes === undefined || found.classes === learned.classes) continue;
    throw refuse.field(
      fields.span("test"),
      `\`${model.id}\` learned ${learned.classes} classes of \`${target}\`, and the test data has ${found.classes ?? "no classes of it"}`,
      {
        help: `take test data whose \`${target}\` is class[${learned.classes}], or measure \`logit(k)\` or \`probability(k)\`, which read none`,
      },
    );
  }
};

/** Other data than the model's has no influence on it. Whether each example is the model's is seen when the step runs. */
const mustBePartOf = (model: PlannedTrain, train: DatasetValue, fields: StepFields, session: Session): void => {
  const [own, asked] = [sourceOf(model.data.step, session), sourceOf(train.step, session)];
  if (own === asked) return;
  throw refuse.notTrainedWith(
    fields.span("train"),
    `\`${model.id}\` was trained with examples of another source, and these have no influence on it`,
    { help: "leave `train` out for all of the model's examples, or name a part of its data" },
  );
};

/** What the source behind a view is, as text. */
const sourceOf = (id: string, session: Session): string => {
  const step = session.steps.get(id)!;
  if (step.body.kind === "best") return sourceOf(step.inputs[1]!, session);
  return step.body.kind === "query" ? sourceOf(step.inputs[0]!, session) : JSON.stringify(preimage(step.body));
};

const mustBeLayer = (layer: string, { name, weights }: Network, span: ReturnType<StepFields["span"]>): void => {
  const known = new Set(weights.flatMap(({ path }) => [path.split("/")[0]!, path]));
  if (known.has(layer)) return;
  const near = nearMiss(layer, known);
  const layers = [...known].filter((candidate) => !candidate.includes("/"));
  throw refuse.unknownLayer(span, `\`${name}\` has no layer \`${layer}\``, {
    help: near === undefined ? `its layers are ${layers.join(", ")}` : `did you mean \`${near}\`?`,
  });
};

/** The rates by which TracIn weighs the checkpoints. */
const traced = (
  method: Method,
  { optimizer, batch, length, checkpointEvery }: Training,
  fields: StepFields,
): Pick<Extract<Body, { kind: "influence" }>, "traced"> => {
  if (method.kind !== "tracin") return {};
  if (optimizer.kind === "lbfgs") throw refuse.unfit(fields.span("method"), "`tracin` follows the steps of a training");
  const bySteps = length !== undefined && "steps" in length;
  return { traced: { rate: optimizer.rate, batch, bySteps, every: checkpointEvery } };
};

/** Models like this one from other seeds: of a `best`, like the one that it chose. */
const ensemble = (method: Method, model: PlannedTrain, session: Session, fields: StepFields): readonly string[] => {
  if (method.kind !== "trak" || method.models === 1) return [];
  const reads = readsOf(model, `\`trak(models: ${method.models})\``, fields.span("method"), session);
  const inputs = [chosenData(model, session), ...reads];
  const { span } = session.steps.get(model.id)!;
  const [{ seed: first }] = model.trainings;
  return Array.from({ length: method.models - 1 }, (_, i) => {
    const bodies = model.trainings.map(
      (training): Body => ({ kind: "train", training: { ...training, seed: training.seed + i + 1 } }),
    );
    const [body] = bodies;
    const id = bodies.length === 1 ? `${model.id}/seed ${first + i + 1}` : `${model.id}/model ${i + 2}`;
    if (session.steps.has(id)) return id;
    const of: Body = bodies.length === 1 ? body! : { kind: "chosen", of: bodies };
    return addStep(session, { id, declared: false, body: of, inputs, span });
  });
};
