import { GraphBuilder } from "../../ir/builder.ts";
import type { Graph } from "../../ir/graph.ts";
import { verified } from "../../ir/verify.ts";
import type { Network } from "../../plan/network.ts";
import type { Training } from "../../plan/training.ts";
import type { Expression, Step } from "../../syntax/ast.ts";
import { plainBuilding } from "../building.ts";
import { apply, tensorInputs } from "../call.ts";
import { newInstance } from "../instance.ts";
import { elaborateMeasure } from "../measure.ts";
import { elaborateNetwork } from "../network.ts";
import { Arguments, type Place, readMade, readNumber, unknown, wordOf } from "../read.ts";
import { readCheckpoint, readClip, readEarlyStop, readOptimizer, readRegularizer } from "../read-training.ts";
import { refuse } from "../refusal.ts";
import { graphScope, type Session } from "../scope.ts";
import { addStep } from "../steps.ts";
import { asTensor } from "../tensor.ts";
import { calleeName, describe, type Value } from "../value.ts";
import { readDataset } from "./data.ts";
import type { PlannedTrain } from "./planned.ts";
import { readModel } from "./predict.ts";
import { StepFields } from "./step-fields.ts";

/** The step's inputs: its data, then `validate`'s data, then the model that `start` names. */
export const planTrain = (step: Step, session: Session, name = step.name.text): PlannedTrain => {
  const fields = new StepFields(step, session, name);
  const data = fields.require("data", readDataset);
  const network = fields.require("network", (value, e) => elaborateNetwork(value, data.fields, e, session));
  const target = fields.name("target");
  const loss = fields.require("loss", (value, e) => elaborateMeasure(value, network, data.fields, target, e, session));
  const validate = fields.read("validate", readDataset);
  const start = fields.read("start", readStart);
  const optimizer = fields.require("optimizer", (value, e, scope) => readOptimizer(value, { e, scope }));
  const regularize = fields.read("regularize", (value, e, scope) => readRegularizer(value, { e, scope }));
  const clip = fields.read("clip", (value, e, scope) => readClip(value, { e, scope }));
  const earlyStop = fields.read("early_stop", (value, e, scope) => readEarlyStop(value, { e, scope }));
  const augment = fields.read("augment", (value, e) => augmentation(value, network, e, session));
  const length = lengthOf(fields, optimizer.kind === "lbfgs", step);
  if (earlyStop !== undefined && validate === undefined)
    throw refuse.value(fields.span("early_stop"), "`early_stop` watches the loss on `validate`, which is missing");
  const training: Training = {
    network,
    loss,
    optimizer,
    batch: fields.number("batch", { from: 1, whole: true }, 256),
    seed: fields.number("seed", { from: -(2 ** 31), to: 2 ** 31 - 1, whole: true }, 0),
    precision: precisionOf(fields, optimizer.kind === "lbfgs", network),
    checkpointEvery: fields.read("checkpoint", (value, e, scope) => readCheckpoint(value, { e, scope })) ?? 1,
    validate: validate !== undefined,
    start: start === undefined ? "init" : "weights" in start ? start : "model",
    ...(length === undefined ? {} : { length }),
    ...(regularize === undefined ? {} : { regularize }),
    ...(clip === undefined ? {} : { clip }),
    ...(earlyStop === undefined ? {} : { earlyStop }),
    ...(augment === undefined ? {} : { augment }),
  };
  const inputs = [data.step];
  if (validate !== undefined) inputs.push(validate.step);
  if (start !== undefined && "model" in start) inputs.push(start.model);
  const id = addStep(session, {
    id: name,
    declared: true,
    body: { kind: "train", training },
    inputs,
    span: step.name.span,
  });
  return { kind: "train", id, network, loss, target, data, trainings: [training] };
};

/** `lbfgs` runs until its tolerance; the others for epochs or steps. */
const lengthOf = (fields: StepFields, untilTolerance: boolean, step: Step): Training["length"] => {
  const epochs = fields.read("epochs", (value, e, scope) => count(value, "epochs", { e, scope }));
  const steps = fields.read("steps", (value, e, scope) => count(value, "steps", { e, scope }));
  if (untilTolerance) {
    // With no epochs a model is only loaded, whatever the optimizer.
    if (epochs === 0) return { epochs };
    if (epochs !== undefined || steps !== undefined)
      throw refuse.value(
        fields.span(epochs === undefined ? "steps" : "epochs"),
        "`lbfgs` runs on the full batch until its tolerance, and has no epochs or steps",
        { help: "bound it by `lbfgs(iterations: 1000)`" },
      );
    return undefined;
  }
  if (epochs !== undefined && steps !== undefined)
    throw refuse.value(fields.span("steps"), "training lasts for `epochs` or for `steps`, and both are given");
  if (epochs !== undefined) return { epochs };
  if (steps !== undefined) return { steps };
  throw refuse.value(step.name.span, `how long does \`${step.name.text}\` train?`, { help: "say `epochs: 10`" });
};

const count = (value: Value, name: string, place: Place): number =>
  readNumber(value, name, { from: 0, whole: true }, place);

/** L-BFGS of a dense model runs in f64: in f32 it stalls long before its tolerance. */
const precisionOf = (fields: StepFields, untilTolerance: boolean, network: Network): "f32" | "f64" => {
  const given = fields.read("precision", (value) => wordOf(value));
  if (given === "f32" || given === "f64") return given;
  const convolves = network.training.nodes.some(({ op }) => op === "conv2d");
  return untilTolerance && !convolves ? "f64" : "f32";
};

type Start = { readonly model: string } | { readonly weights: string };

/** Another model, or `weights("model.safetensors")`. */
const readStart = (value: Value, e: Expression, scope: Place["scope"]): Start => {
  if (value.kind === "step" || value.kind === "model") return { model: readModel(value, e, scope).id };
  const place = { e, scope };
  const made = readMade(value, "a model, or `weights(file)`,", place);
  const file = made.name === "weights" ? new Arguments(made, place).text("file") : undefined;
  if (file === undefined) throw unknown(made, "a model, or `weights(file)`,", place);
  return { weights: file };
};

/** A block from the network's fields to the same fields, changed; it draws from the example's key. */
const augmentation = (value: Value, network: Network, e: Expression, session: Session): Graph => {
  if (value.kind !== "block") throw refuse.value(e.span, `a block is expected here, and this is ${describe(value)}`);
  const builder = new GraphBuilder();
  const fields = new Map(network.fields.map(({ name, type }) => [name, builder.input(name, type)]));
  const key = builder.input("key", { dtype: "i32", shape: [4] });
  const inputs = tensorInputs(value);
  const named = inputs.filter((name) => fields.has(name));
  const [only] = network.fields;
  // A block of one input takes the only field, whatever it calls it.
  const fed =
    named.length > 0 || inputs.length !== 1 || only === undefined
      ? named.map((name) => [name, name])
      : [[inputs[0]!, only.name]];
  const values = new Map(value.bound);
  for (const [input, field] of fed) values.set(input!, { kind: "tensor", value: fields.get(field!)! });
  const name = calleeName(value.callee);
  const scope = graphScope(session, name, plainBuilding(builder, `\`${name}\``, { key: () => key }));
  const result = apply(value, values, newInstance(), e, scope);
  const changed = new Map(fields);
  if (result.kind === "record")
    for (const [field, item] of result.fields) changed.set(field, asTensor(item, e, scope).value);
  else if (fed[0] !== undefined) changed.set(fed[0][1]!, asTensor(result, e, scope).value);
  for (const { name: field, type } of network.fields) {
    const got = builder.typeOf(changed.get(field)!);
    if (got.dtype !== type.dtype || `${got.shape}` !== `${type.shape}`)
      throw refuse.shape(
        e.span,
        `\`${name}\` makes \`${field}\` of [${type.shape.join(", ")}] into [${got.shape.join(", ")}]`,
      );
  }
  return verified(builder.build(network.fields.map((field) => changed.get(field.name)!)));
};
