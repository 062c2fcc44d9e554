import { canonical } from "../ir/canonical.ts";
import type { Graph } from "../ir/graph.ts";
import type { DataOperation, Feed, Field, Source } from "./dataset.ts";
import type { Influence } from "./influence.ts";
import type { Json } from "./json.ts";
import type { Measure, Network, Variable } from "./network.ts";
import type { Body, Formula, Metric } from "./plan.ts";
import type { Optimizer, Regularizer, Schedule, Training } from "./training.ts";

/** Raised when the same preimage would mean another result: a changed formula, a changed order of random draws. */
export const SEMANTICS = 1;

/**
 * What decides a step's result, besides its inputs' contents and the engine: types, graphs and numbers. A name of the program, its text or a path
 * never enters (a report's headings are its content and do). Weights and figures are kept by position, as their names do not enter.
 * Training's has no length: its results are kept by (preimage, epoch), so that a longer training goes on from a shorter one.
 */
export const preimage = (body: Body): Json => ({ semantics: SEMANTICS, kind: body.kind, of: content(body) });

const content = (body: Body): Json => {
  switch (body.kind) {
    case "data":
      return { source: sourceJson(body.source), fields: body.fields.map(fieldJson) };
    case "query":
      return operationJson(body.operation);
    case "train":
      return trainingJson(body.training);
    case "predict":
      return { network: inferenceJson(body.network), measure: measureJson(body.measure) };
    case "evaluate":
      return {
        network: inferenceJson(body.network),
        loss: measureJson(body.loss),
        metrics: body.metrics.map(metricJson),
      };
    case "influence":
      return {
        ...influenceJson(body.influence),
        part: body.part,
        traced: body.traced === undefined ? null : { ...body.traced, rate: scheduleJson(body.traced.rate) },
      };
    case "group":
      return {
        order: body.order,
        test: body.test ?? null,
        ...(body.order === 1 ? {} : { influence: influenceJson(body.influence) }),
      };
    case "correlation":
      return { tests: body.tests ?? null };
    case "family":
      return { members: body.members.map(({ given, restores }) => ({ given, restores })) };
    case "best":
      return { by: body.by, order: body.order };
    case "chosen":
      return { of: body.of.map(preimage) };
    case "validate":
      return {
        by: body.validate.by,
        ...("training" in body.validate ? { retraining: retrainingJson(body.validate.training) } : {}),
        measure: measureJson(body.influence.measure),
        test: body.influence.test,
      };
    case "assert":
      return formulaJson(body.condition);
    case "report":
      return { show: body.show, title: body.title ?? null };
  }
};

const sourceJson = (source: Source): Json => {
  switch (source.kind) {
    case "mnist":
    case "cifar10":
      return {
        kind: source.kind,
        part: source.part,
        fallback: source.fallback === undefined ? null : sourceJson(source.fallback),
      };
    case "glyphs":
      return { kind: source.kind, part: source.part, n: source.n, seed: source.seed, shape: source.shape };
    case "csv":
    case "npy":
    case "idx":
      return { kind: source.kind };
    case "images":
      return { kind: source.kind, classes: source.classes };
  }
};

const fieldJson = ({ name, type, classes }: Field): Json => ({ name, ...type, classes: classes ?? null });

const operationJson = (operation: DataOperation): Json => {
  switch (operation.op) {
    case "take":
    case "skip":
      return { op: operation.op, n: operation.n };
    case "sample":
      return { op: operation.op, n: operation.n, seed: operation.seed };
    case "shuffle":
      return { op: operation.op, seed: operation.seed };
    case "split":
      return { op: operation.op, at: operation.at, part: operation.part };
    case "without":
    case "only":
    case "union":
    case "intersect":
      return { op: operation.op };
    case "with_label_noise":
      return { op: operation.op, field: operation.field, fraction: operation.fraction, seed: operation.seed };
    case "most_harmful":
    case "most_helpful":
      return { op: operation.op, n: operation.n, test: operation.test ?? null };
    case "where":
      return { op: operation.op, graph: canonicalGraph(operation.graph), feeds: operation.feeds.map(feedJson) };
    case "map":
      return {
        op: operation.op,
        field: fieldJson(operation.field),
        graph: canonicalGraph(operation.graph),
        feeds: operation.feeds.map(feedJson),
      };
  }
};

const feedJson = (feed: Feed): Json => ({ ...feed });

const trainingJson = (training: Training): Json => {
  const { network, clip, earlyStop, start } = training;
  return {
    network: {
      ...inferenceJson(network),
      training: canonicalGraph(network.training),
      weights: network.weights.map(variableJson),
      states: network.states.map(variableJson),
    },
    loss: measureJson(training.loss),
    optimizer: optimizerJson(training.optimizer),
    regularize: training.regularize === undefined ? null : regularizerJson(training.regularize, network),
    clip: clip ?? null,
    batch: training.batch,
    seed: training.seed,
    precision: training.precision,
    early_stop: earlyStop ?? null,
    augment: training.augment === undefined ? null : canonicalGraph(training.augment),
    validate: training.validate,
    start: typeof start === "string" ? start : "weights",
  };
};

/** A retraining is kept as a whole: its length is part of it. */
export const retrainingJson = (training: Training): Json => ({
  training: trainingJson(training),
  length: training.length ?? null,
});

const optimizerJson = (optimizer: Optimizer): Json =>
  optimizer.kind === "lbfgs" ? optimizer : { ...optimizer, rate: scheduleJson(optimizer.rate) };

const scheduleJson = (schedule: Schedule): Json => {
  switch (schedule.kind) {
    case "block":
      return { kind: schedule.kind, graph: canonicalGraph(schedule.graph) };
    case "warmup": {
      const { then: next, ...own } = schedule;
      return { ...own, next: scheduleJson(next) };
    }
    default:
      return schedule;
  }
};

const influenceJson = (influence: Influence): { readonly [key: string]: Json } => {
  const { network, regularize, layers } = influence;
  return {
    network: inferenceJson(network),
    loss: measureJson(influence.loss),
    regularize: regularize === undefined ? null : regularizerJson(regularize, network),
    measure: measureJson(influence.measure),
    test: influence.test,
    of: influence.of,
    method: influence.method,
    top: influence.top ?? null,
    weights: layers === undefined ? null : layerWeights(network, layers),
    accept: influence.accept ?? null,
  };
};

/** Layers are names of weights' paths; what counts is which weights they take. */
const layerWeights = ({ weights }: Network, layers: readonly string[]): readonly number[] =>
  weights.flatMap(({ path }, i) => (layers.some((layer) => path === layer || path.startsWith(`${layer}/`)) ? [i] : []));

/** Prediction feeds the fields by name and reads nothing of how training would go. */
const inferenceJson = (network: Network): { readonly [key: string]: Json } => ({
  fields: network.fields.map(({ name, type }) => ({ name, ...type })),
  inference: canonicalGraph(network.inference),
});

const variableJson = ({ type, init }: Variable): Json => ({ ...type, init });

const measureJson = ({ graph, targets }: Measure): Json => ({ graph: canonicalGraph(graph), targets });

/** `only` names the last part of paths; what counts is which weights it takes. */
const regularizerJson = ({ kind, strength, only }: Regularizer, network: Network): Json => ({
  kind,
  strength,
  weights: network.weights.flatMap(({ path }, i) => (only === undefined || path.endsWith(`/${only}`) ? [i] : [])),
});

const metricJson = (metric: Metric): Json => {
  switch (metric.kind) {
    case "accuracy":
    case "loss":
    case "auc":
      return { kind: metric.kind };
    case "top":
      return { kind: metric.kind, k: metric.k };
    case "mean":
      return { kind: metric.kind, measure: measureJson(metric.measure) };
  }
};

const formulaJson = (formula: Formula): Json => {
  switch (formula.kind) {
    case "number":
    case "bool":
    case "string":
      return formula.value;
    case "figure":
      return { input: formula.input, figure: formula.name };
    case "unary":
      return { [formula.operator]: formulaJson(formula.operand) };
    case "binary":
      return { [formula.operator]: [formulaJson(formula.left), formulaJson(formula.right)] };
  }
};

/** A line for each node, so that two preimages differ by lines. */
const canonicalGraph = (graph: Graph): readonly string[] => canonical(graph).trimEnd().split("\n");
