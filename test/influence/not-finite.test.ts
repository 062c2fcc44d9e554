import { describe, expect, it } from "vitest";
import { groupInfluence } from "../../src/influence/group.ts";
import type { Method } from "../../src/plan/influence.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { type Columns, drive } from "../learn/drive.ts";
import { classes, crossEntropy, linear } from "../learn/problems.ts";
import { ask, type Case, cg, exact, failure, lissa, trained } from "./support.ts";

const [N, M, FEATURES] = [12, 4, 3];
const all = classes(N + M, FEATURES, 3, "f64");
const rows = (from: number, to: number): Columns => ({
  x: tensor("f64", [to - from, FEATURES], all.x!.data.slice(from * FEATURES, to * FEATURES)),
  label: tensor("i32", [to - from], all.label!.data.slice(from, to)),
});
const sound: Case = trained({
  network: linear(FEATURES, 3),
  loss: crossEntropy(3),
  regularize: { kind: "l2", strength: 0.1 },
  train: rows(0, N),
  test: rows(N, N + M),
});
const broken = (columns: Columns, example: number, value: number): Columns => {
  const data = Float64Array.from(columns.x!.data);
  data[example * FEATURES + 1] = value;
  return { ...columns, x: tensor("f64", columns.x!.shape, data) };
};

const methods: Readonly<Record<string, Method>> = {
  exact: exact(),
  cg: cg(),
  "cg, preconditioned": cg({ precondition: "ekfac" }),
  "cg, Gauss-Newton": cg({ hessian: "gauss_newton" }),
  lissa: lissa(),
  arnoldi: { kind: "arnoldi", rank: 4, damping: "auto", seed: 0, hessian: "exact" },
  nystrom: { kind: "nystrom", rank: 4, damping: "auto", seed: 0, hessian: "exact" },
  kfac: { kind: "kfac", damping: "auto", seed: 0 },
  ekfac: { kind: "ekfac", damping: "auto", seed: 0 },
  tracin: { kind: "tracin" },
  trak: { kind: "trak", projections: 4, models: 1, seed: 0 },
  grad_dot: { kind: "grad_dot" },
  grad_cos: { kind: "grad_cos" },
  representer: { kind: "representer" },
  knn_shapley: { kind: "knn_shapley", k: 3 },
};
const context = { checkpoints: [{ parameters: sound.parameters, rate: 0.1 }] };

// A model may come from elsewhere, so that training has not looked at the data before.
describe.each(Object.entries(methods))("%s of data that is not finite", (_, method) => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY])("names the training example that holds %d", (value) => {
    const of = { ...sound, train: broken(sound.train, 7, value) };
    for (const test of ["data", "self"] as const) {
      const { code, message, help } = failure(() => ask(of, method, { test, context }));
      expect([code, message]).toEqual(["MTT5602", expect.stringContaining("example at 7")]);
      expect(help).toContain("finite");
    }
  });

  it("names the test example that holds it", () => {
    const of = { ...sound, test: broken(sound.test, 2, Number.NaN) };
    const { code, message } = failure(() => ask(of, method, { context }));
    expect([code, message]).toEqual(["MTT5602", expect.stringContaining("example at 2")]);
  });
});

it("a group's effect names it too", () => {
  const train = broken(sound.train, 7, Number.NaN);
  const { network, loss } = sound;
  const spec = { network, loss, measure: loss, test: "data", of: "example", method: cg() } as const;
  const { code, message } = failure(() =>
    drive(
      groupInfluence(spec, { parameters: sound.parameters, n: N, m: M }, Int32Array.of(1, 2), 2),
      train,
      sound.test,
    ),
  );
  expect([code, message]).toEqual(["MTT5602", expect.stringContaining("training example at 7")]);
});

it("weights that are not finite are no example's fault", () => {
  const of = {
    ...sound,
    parameters: { ...sound.parameters, "layer0/b": tensor("f64", [3], [1e200, 1e200, Number.POSITIVE_INFINITY]) },
  };
  for (const method of [cg(), exact(), methods.ekfac!]) expect(failure(() => ask(of, method)).code).toBe("MTT5602");
});
