import { Matrix } from "ml-matrix";
import { beforeAll, describe, expect, it } from "vitest";
import { ekfac } from "../../src/influence/ekfac.ts";
import type { Factored } from "../../src/influence/factors-spectral.ts";
import { gradientsOf } from "../../src/influence/gradients.ts";
import { groupInfluence } from "../../src/influence/group.ts";
import { influence } from "../../src/influence/influence.ts";
import { kfac } from "../../src/influence/kfac.ts";
import { operatorOf } from "../../src/influence/operator.ts";
import { type Problem, problemOf } from "../../src/influence/problem.ts";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { add, scale } from "../../src/ir/operations.ts";
import { exampleMeasures } from "../../src/learn/objective.ts";
import type { Algorithm } from "../../src/plan/algorithm.ts";
import type { Influence } from "../../src/plan/influence.ts";
import type { Measure } from "../../src/plan/network.ts";
import { normal } from "../../src/random/random.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { planOf, stepOf } from "../elaborate/program.ts";
import { type Columns, drive } from "../learn/drive.ts";
import { classes } from "../learn/problems.ts";
import { inverseOf, matrixOf, units } from "./factors-support.ts";
import { distance } from "./support.ts";

// Every method, on every measure, of single examples, of examples on themselves, of groups and of input pixels, for all weights and for chosen layers,
// as the language asks for them: against products of dense matrices, whose gradients are differences of values in float64.

const [N, M, FEATURES] = [8, 2, 2];
const STRENGTH = 0.05;
const all = classes(N + M, FEATURES, 3, "f64");
const rows = (from: number, to: number): Columns => ({
  x: tensor("f64", [to - from, FEATURES], all.x!.data.slice(from * FEATURES, to * FEATURES)),
  label: tensor("i32", [to - from], all.label!.data.slice(from, to)),
});
const [train, test] = [rows(0, N), rows(N, N + M)];
const parameters: Readonly<Record<string, Tensor>> = {
  "layer0/W": tensor("f64", [FEATURES, 3], normal(5, "w", 0, 3 * FEATURES)),
  "layer0/b": tensor("f64", [3], normal(5, "b", 0, 3)),
  "layer1/W": tensor("f64", [3, 3], normal(5, "v", 0, 9)),
  "layer1/b": tensor("f64", [3], normal(5, "c", 0, 3)),
};

/** What the program asks, as the language reads it. */
const asked = (fields: string): Influence =>
  stepOf(
    planOf(`
let rows = csv("rows.csv", fields: { x: f32[${FEATURES}], label: class[3] })
network Net(x: f32[${FEATURES}]) -> f32[3] = x |> dense(3) |> tanh |> dense(3)
block spread(logits: f32[k]) -> f32[] = reduce_sum(logits * logits)
train model { network: Net, data: rows, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 1, regularize: l2(${STRENGTH}) }
influence blame { model: model, ${fields} }`),
    "blame",
    "influence",
  ).body.influence;

const context = { parameters, n: N, m: M };
const problem = (spec: Influence): Problem => problemOf(spec, context);

const everything = asked("test: rows, method: cg()").network.weights.map(({ path }) => path);
const offsets = new Map<string, { readonly from: number; readonly to: number }>();
for (const [i, path] of everything.entries()) {
  const from = offsets.get(everything[i - 1] ?? "")?.to ?? 0;
  offsets.set(path, { from, to: from + parameters[path]!.data.length });
}

/** Columns of the weights that the query asks for, of a matrix over all weights. */
const chosenOf = (spec: Influence, matrix: Matrix): Matrix => {
  const columns = problem(spec).layout.parts.flatMap(({ path }) => {
    const { from, to } = offsets.get(path)!;
    return Array.from({ length: to - from }, (_, i) => from + i);
  });
  return matrix.subMatrixColumn(columns);
};

const kept = new Map<string, Matrix>();
/** Computed once, whichever tests ask for it. */
const once = (key: string, compute: () => Matrix): Matrix => {
  const found = kept.get(key) ?? compute();
  kept.set(key, found);
  return found;
};

/** Gradients of every example by the asked weights, as central differences of its value: [examples, p]. */
const differences = (spec: Influence, which: "loss" | "measure", data: Columns): Matrix =>
  chosenOf(
    spec,
    once(`${spec[which].name} ${data === train}`, () => allDifferences(spec, spec[which], data)),
  );

const allDifferences = ({ network }: Influence, measure: Measure, data: Columns): Matrix => {
  const graph = exampleMeasures(network, [measure], "f64");
  const weights = network.weights.map(({ path }) => parameters[path]!);
  const examples = data.x!.shape[0]!;
  const step = 1e-5;
  const result = Matrix.zeros(examples, offsets.get(everything.at(-1)!)!.to);
  for (let i = 0; i < examples; i++) {
    const x = tensor("f64", [FEATURES], data.x!.data.slice(i * FEATURES, (i + 1) * FEATURES));
    const label = tensor("i32", [], data.label!.data.slice(i, i + 1));
    const fields = measure.targets.length === 0 ? [x] : [x, label];
    for (const [at, path] of everything.entries()) {
      const { from, to } = offsets.get(path)!;
      for (let j = from; j < to; j++) {
        const moved = (by: number): number => {
          const { shape, data: values } = weights[at]!;
          const next = Float64Array.from(values);
          next[j - from]! += by;
          const inputs = weights.map((w, k) => (k === at ? tensor("f64", shape, next) : w));
          return Number(evaluate(graph, [...inputs, ...fields])[0]!.data[0]);
        };
        result.set(i, j, (moved(step) - moved(-step)) / (2 * step));
      }
    }
  }
  return result;
};

/** More than twice the size of every smallest eigenvalue. */
const DAMPING = 3;
const methods: Readonly<Record<string, string>> = {
  exact: `exact(damping: ${DAMPING})`,
  cg: `cg(damping: ${DAMPING}, tolerance: 1e-9)`,
  "cg, preconditioned": `cg(damping: ${DAMPING}, tolerance: 1e-9, precondition: ekfac)`,
  "cg, Gauss-Newton": `cg(damping: ${DAMPING}, tolerance: 1e-9, hessian: gauss_newton)`,
  lissa: `lissa(damping: ${DAMPING}, tolerance: 1e-7)`,
  arnoldi: `arnoldi(31, damping: ${DAMPING})`,
  nystrom: `nystrom(31, damping: ${DAMPING}, hessian: gauss_newton)`,
  kfac: `kfac(damping: ${DAMPING})`,
  ekfac: `ekfac(damping: ${DAMPING})`,
};
const measures = ["loss", "margin", "logit(1)", "probability(2)", "spread"];
const layers = ["none", '["layer1"]', '["layer0/W", "layer1/b"]'];
/** Of chosen layers two measures, one of which reads no label. */
const measuresOf = (chosen: string): readonly string[] => (chosen === "none" ? measures : ["loss", "probability(2)"]);

/** (C + damping)⁻¹ of what the method takes for the Hessian. */
const inverseFor = (spec: Influence): Matrix => {
  const of = problem(spec);
  const size = of.layout.size;
  const { method } = spec;
  function* factored(made: Algorithm<Factored>): Algorithm<Matrix> {
    const spectral = yield* made;
    const matrix = matrixOf(yield* spectral.power(units(size), -1, DAMPING));
    yield* spectral.close();
    return matrix;
  }
  if (method.kind === "kfac") return drive(factored(kfac(of, method.seed)), train).result;
  if (method.kind === "ekfac") return drive(factored(ekfac(of, method.seed)), train).result;
  const hessian = "hessian" in method ? method.hessian : "exact";
  const matrix = matrixOf(drive(operatorOf(of, hessian).apply(units(size)), train).result);
  return inverseOf(Matrix.add(matrix, Matrix.eye(size, size).mul(DAMPING)));
};

const TOLERANCE = 1e-5;

describe.each(Object.entries(methods))("%s", (_, method) => {
  describe.each(layers)("by the weights of layers: %s", (chosen) => {
    const first = asked(`test: rows, method: ${method}, layers: ${chosen}`);
    let [inverse, losses] = [Matrix.zeros(0, 0), Matrix.zeros(0, 0)];
    beforeAll(() => {
      inverse = inverseFor(first);
      losses = differences(first, "loss", train);
    });

    it.each(measuresOf(chosen))(
      "%s: of single examples, on themselves, by strength, in groups, by pixels",
      (measure) => {
        const spec = asked(`test: rows, method: ${method}, layers: ${chosen}, measure: ${measure}`);
        const s = differences(spec, "measure", test).mmul(inverse);
        const single = drive(influence(spec, context), train, test);
        expect(distance(single.result.scores!.data, s.mmul(losses.transpose()).div(N).to1DArray())).toBeLessThan(
          TOLERANCE,
        );
        const weights = problem(spec).layout.parts.flatMap(({ path }) => Array.from(parameters[path]!.data));
        const effect = s.mmul(Matrix.columnVector(weights)).mul(-1).to1DArray();
        expect(distance(single.result.strengthEffect!.data, effect)).toBeLessThan(TOLERANCE);

        const own = asked(`test: self, method: ${method}, layers: ${chosen}, measure: ${measure}`);
        const self = drive(influence(own, context), train);
        const onItself = differences(own, "measure", train).mmul(inverse).mmul(losses.transpose()).div(N).diag();
        expect(distance(self.result.scores!.data, onItself)).toBeLessThan(TOLERANCE);

        const group = Int32Array.of(1, 4, 7);
        const [g, h] = groupByHand(spec, group, losses);
        const change = Matrix.add(
          s.mmul(g).div(N),
          s
            .mmul(h)
            .mmul(inverse)
            .mmul(g)
            .div(N ** 2),
        );
        const found = drive(groupInfluence(spec, context, group, 2), train, test);
        expect(distance(found.result.change, change.to1DArray())).toBeLessThan(TOLERANCE);

        const pixels = asked(`test: rows, of: input, method: ${method}, layers: ${chosen}, measure: ${measure}`);
        const moved = drive(influence(pixels, context), train, test);
        expect(moved.result.scores!.shape).toEqual([M, N, FEATURES]);
        expect(distance(moved.result.scores!.data, byPixels(spec, s))).toBeLessThan(TOLERANCE);
        for (const { open } of [single, self, found, moved]) expect(open).toBe(0);
      },
    );
  });
});

/** The sum of a group's gradients, and of its Hessians (of the Gauss-Newton matrices where the method takes those), the regularizer in neither. */
function groupByHand(spec: Influence, group: Int32Array, losses: Matrix): [Matrix, Matrix] {
  const { regularize: _, ...plain } = spec;
  const of = problemOf(plain, { ...context, n: group.length });
  const part: Columns = {
    x: tensor(
      "f64",
      [3, FEATURES],
      Array.from(group).flatMap((i) => [...train.x!.data.slice(i * FEATURES, (i + 1) * FEATURES)]),
    ),
    label: tensor(
      "i32",
      [3],
      Array.from(group, (i) => train.label!.data[i]!),
    ),
  };
  const hessian = "hessian" in spec.method ? spec.method.hessian : "gauss_newton";
  const mean = matrixOf(drive(operatorOf(of, hessian).apply(units(of.layout.size)), part).result);
  const sum = Matrix.columnVector(
    losses
      .selection(
        Array.from(group),
        losses.getRow(0).map((_, j) => j),
      )
      .sum("column"),
  );
  return [sum, mean.mul(group.length)];
}

/** Differences of s · ∇L(x) / n as a feature of a training example moves: [M, N, FEATURES]. */
function byPixels(spec: Influence, s: Matrix): number[] {
  const step = 1e-5;
  const gradients = (f: number, by: number): Matrix =>
    chosenOf(
      spec,
      once(`pixels ${f} ${by}`, () => {
        const x = Float64Array.from(train.x!.data, (value, i) => (i % FEATURES === f ? value + by : value));
        const data = { ...train, x: tensor("f64", train.x!.shape, x) };
        const whole = problem(asked("test: rows, method: cg()"));
        return matrixOf(drive(gradientsOf(whole, { measure: spec.loss, data: 0, examples: N }).of(0, N), data).result);
      }),
    );
  const scores = Array.from({ length: FEATURES }, (_, f) =>
    s.mmul(Matrix.sub(gradients(f, step), gradients(f, -step)).transpose()).div(2 * step * N),
  );
  return Array.from({ length: M * N * FEATURES }, (_, at) => {
    const [pair, f] = [Math.floor(at / FEATURES), at % FEATURES];
    return scores[f]!.get(Math.floor(pair / N), pair % N);
  });
}

describe("methods without a solve", () => {
  const checkpoints = [
    { parameters, rate: 0.1 },
    { parameters, rate: 0.02 },
  ];
  const normalized = (matrix: Matrix): Matrix => {
    const result = matrix.clone();
    for (let i = 0; i < result.rows; i++) result.mulRow(i, 1 / Matrix.rowVector(result.getRow(i)).norm());
    return result;
  };
  const products: Readonly<Record<string, (m: Matrix, l: Matrix) => Matrix>> = {
    "grad_dot()": (m, l) => m.mmul(l.transpose()).div(N),
    "grad_cos()": (m, l) => normalized(m).mmul(normalized(l).transpose()),
    "tracin()": (m, l) => m.mmul(l.transpose()).mul(0.12 / N),
  };
  describe.each(Object.entries(products))("%s", (method, byHand) => {
    it.each(layers.flatMap((chosen) => measuresOf(chosen).map((measure) => [chosen, measure] as const)))(
      "layers %s, %s: of single examples, on themselves",
      (chosen, measure) => {
        const spec = asked(`test: rows, method: ${method}, layers: ${chosen}, measure: ${measure}`);
        const of = { ...context, checkpoints };
        const losses = differences(spec, "loss", train);
        const single = drive(influence(spec, of), train, test).result.scores!;
        expect(distance(single.data, byHand(differences(spec, "measure", test), losses).to1DArray())).toBeLessThan(
          TOLERANCE,
        );
        const own = asked(`test: self, method: ${method}, layers: ${chosen}, measure: ${measure}`);
        const self = drive(influence(own, of), train).result.scores!;
        expect(distance(self.data, byHand(differences(own, "measure", train), losses).diag())).toBeLessThan(TOLERANCE);
      },
    );
  });

  it.each(measures)("representer, %s: of single examples, on themselves", (measure) => {
    const last = (test: string) => asked(`test: ${test}, method: representer(), measure: ${measure}`);
    const held = (test: string): Influence => ({ ...last(test), layers: ["layer1"] });
    const losses = differences(held("rows"), "loss", train);
    const scores = (m: Matrix): Matrix => m.mmul(losses.transpose()).div(STRENGTH * N);
    const single = drive(influence(last("rows"), context), train, test).result.scores!;
    expect(distance(single.data, scores(differences(held("rows"), "measure", test)).to1DArray())).toBeLessThan(
      TOLERANCE,
    );
    const self = drive(influence(last("self"), context), train).result.scores!;
    expect(distance(self.data, scores(differences(held("self"), "measure", train)).diag())).toBeLessThan(TOLERANCE);
  });

  // A score of TRAK is linear in the measure's gradient: that of 3 logit(0) + logit(1) is known from the two.
  it.each(layers)("trak, layers %s: linear in the measure, of single examples and on themselves", (chosen) => {
    const scores = (test: string, measure: Measure | string) => {
      const name = typeof measure === "string" ? measure : "loss";
      const spec = asked(`test: ${test}, method: trak(projections: 6, seed: 1), layers: ${chosen}, measure: ${name}`);
      const of = typeof measure === "string" ? spec : { ...spec, measure };
      return drive(influence(of, context), ...(test === "self" ? [train] : [train, columns])).result.scores!.data;
    };
    const columns = test;
    for (const of of ["rows", "self"]) {
      const [a, b] = [scores(of, "logit(0)"), scores(of, "logit(1)")];
      const spec = asked(`test: rows, method: trak(), measure: logit(0)`);
      const both = together(spec.measure, asked(`test: rows, method: trak(), measure: logit(1)`).measure);
      expect(
        distance(
          scores(of, both),
          Array.from(a, (value, i) => 3 * value + b[i]!),
        ),
      ).toBeLessThan(1e-9);
    }
  });

  it.each(["knn_shapley(3)", "random(seed: 1)"])("%s reads no measure: of single examples, on themselves", (method) => {
    const single = drive(influence(asked(`test: rows, method: ${method}`), context), train, test).result.scores!;
    expect([single.shape, new Set(single.data).size > 1]).toEqual([[M, N], true]);
    expect(drive(influence(asked(`test: self, method: ${method}`), context), train).result.scores!.shape).toEqual([N]);
  });
});

/** 3 a + b */
function together(a: Measure, b: Measure): Measure {
  const builder = new GraphBuilder();
  const inputs = a.graph.inputs.map(({ name, type }) => builder.input(name, type));
  const [x, y] = [builder.inline(a.graph, inputs)[0]!, builder.inline(b.graph, inputs)[0]!];
  return { name: "3 a + b", targets: [], graph: builder.build([add(builder, scale(builder, x, 3), y)]) };
}
