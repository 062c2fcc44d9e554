import { describe, expect, it } from "vitest";
import { gradientsOf } from "../../src/influence/gradients.ts";
import { influence } from "../../src/influence/influence.ts";
import { problemOf } from "../../src/influence/problem.ts";
import { cheaper, scoringPass } from "../../src/influence/score.ts";
import { GraphBuilder } from "../../src/ir/builder.ts";
import type { Algorithm, Kept } from "../../src/plan/algorithm.ts";
import type { Influence, Method } from "../../src/plan/influence.ts";
import type { Measure } from "../../src/plan/network.ts";
import { normal } from "../../src/random/random.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { type Columns, drive } from "../learn/drive.ts";
import { batchNormNet, classes, crossEntropy, dropoutNet, linear } from "../learn/problems.ts";
import { pearson } from "./factors-support.ts";
import { ask, type Case, cg, distance, exact, failure, lissa, trained } from "./support.ts";

const N = 60;
const M = 5;
const all = classes(N + M, 4, 3, "f64");
const take = (columns: Columns, from: number, to: number): Columns =>
  Object.fromEntries(
    Object.entries(columns).map(([name, { dtype, shape, data }]) => {
      const width = data.length / shape[0]!;
      return [
        name,
        { dtype, shape: [to - from, ...shape.slice(1)], data: data.slice(from * width, to * width) } as Tensor,
      ];
    }),
  );
const softmax: Case = trained({
  network: linear(4, 3),
  loss: crossEntropy(3),
  regularize: { kind: "l2", strength: 0.02 },
  train: take(all, 0, N),
  test: take(all, N, N + M),
});
const exactly = ask(softmax, exact()).result;

/** A network whose weights are no minimum: its Hessian has negative curvature. */
const wild: Case = {
  network: dropoutNet(4, 5, 3),
  loss: crossEntropy(3),
  train: take(all, 0, N),
  test: take(all, N, N + M),
  parameters: {
    "layer0/W": tensor("f64", [4, 5], normal(5, "w", 0, 20)),
    "layer2/W": tensor("f64", [5, 3], normal(5, "v", 0, 15)),
  },
};
const smallestOfWild = ask(wild, exact({ damping: "auto" })).result.certificate.eigenvalues!.smallest;

describe("every solver against exact, softmax regression", () => {
  const low = (kind: "arnoldi" | "nystrom", rank: number): Method => ({
    kind,
    rank,
    damping: "auto",
    seed: 0,
    hessian: "exact",
  });
  it.each<[string, Method, { readonly distance?: number; readonly r?: number }]>([
    ["cg", cg(), { distance: 1e-9 }],
    ["cg to a loose tolerance", cg({ tolerance: 1e-3 }), { distance: 1e-3 }],
    ["cg preconditioned by ekfac", cg({ precondition: "ekfac" }), { distance: 1e-9 }],
    ["cg preconditioned by nystrom", cg({ precondition: "nystrom" }), { distance: 1e-9 }],
    // Of a softmax of a linear network the Gauss-Newton matrix is the Hessian.
    ["cg with a Gauss-Newton matrix", cg({ hessian: "gauss_newton" }), { distance: 1e-9 }],
    ["exact with a Gauss-Newton matrix", exact({ hessian: "gauss_newton" }), { distance: 1e-9 }],
    ["lissa", lissa(), { distance: 2e-2, r: 0.999 }],
    ["lissa to a tighter tolerance", lissa({ tolerance: 1e-4 }), { distance: 2e-4 }],
    ["lissa preconditioned by ekfac", lissa({ precondition: "ekfac" }), { distance: 2e-2, r: 0.999 }],
    ["lissa preconditioned by nystrom", lissa({ precondition: "nystrom" }), { distance: 2e-2, r: 0.999 }],
    ["arnoldi of full rank", low("arnoldi", 15), { distance: 1e-9 }],
    ["arnoldi", low("arnoldi", 6), { r: 0.9 }],
    ["nystrom of full rank", low("nystrom", 15), { distance: 1e-9 }],
    ["nystrom", low("nystrom", 6), { r: 0.75 }],
    ["ekfac", { kind: "ekfac", damping: 0, seed: 0 }, { r: 0.8 }],
  ])("%s", (_, method, wanted) => {
    const { result, open } = ask(softmax, method);
    expect(result.scores!.shape).toEqual([M, N]);
    if (wanted.distance !== undefined)
      expect(distance(result.scores!.data, exactly.scores!.data)).toBeLessThan(wanted.distance);
    if (wanted.r !== undefined) expect(pearson(result.scores!.data, exactly.scores!.data)).toBeGreaterThan(wanted.r);
    expect(open).toBe(0);
  });

  it("certifies the residual, the spectrum, the damping and the gradient", () => {
    const { certificate } = ask(softmax, cg()).result;
    expect(certificate.residual!).toBeLessThanOrEqual(1e-10);
    expect(certificate.residuals).toHaveLength(M);
    expect(certificate.damping).toBe(0);
    expect(certificate.gradientNorm!).toBeLessThan(1e-10);
    expect(certificate.eigenvalues!.smallest).toBeGreaterThanOrEqual(0.02 - 1e-12);
    expect(certificate.eigenvalues!.largest).toBeCloseTo(exactly.certificate.eigenvalues!.largest, 6);
    expect(certificate.hvps).toBe(M * (certificate.iterations! + 1));
  });
});

describe("indefinite Hessians", () => {
  it("get twice the size of the smallest eigenvalue by auto, the same from every solver", () => {
    expect(smallestOfWild).toBeLessThan(-1e-3);
    const whole = ask(wild, exact({ damping: "auto" })).result;
    expect(whole.certificate.damping).toBeCloseTo(2 * Math.abs(smallestOfWild), 10);
    const { result, warnings } = ask(wild, cg());
    expect(result.certificate.damping!).toBeCloseTo(2 * Math.abs(smallestOfWild), 3);
    expect(result.certificate.why).toContain("twice the size");
    expect(distance(result.scores!.data, whole.scores!.data)).toBeLessThan(1e-2);
    // These weights are no minimum, and it says so.
    expect(warnings.join()).toContain("no minimum");
  });

  it.each<[string, Method]>([
    ["cg", cg({ damping: 0.5 * Math.abs(smallestOfWild) })],
    ["exact", exact({ damping: 0.5 * Math.abs(smallestOfWild) })],
    ["lissa", lissa({ damping: 0.5 * Math.abs(smallestOfWild) })],
    ["cg without damping", cg({ damping: 0 })],
    ["arnoldi", { kind: "arnoldi", rank: 35, damping: 0, seed: 0, hessian: "exact" }],
  ])("are refused to %s with too little damping, with the eigenvalue that forbids it", (_, method) => {
    const { code, message, help } = failure(() => ask(wild, method));
    expect(code).toBe("MTT5603");
    expect(message).toContain(String(Number(smallestOfWild.toPrecision(2))).slice(0, 5));
    expect(help).toContain("gauss_newton");
  });

  it("have the damping of the model alone, whatever is asked, and refuse before anything is solved", () => {
    const asked = (test: Columns, damping: number | "auto" = "auto") => ask({ ...wild, test }, cg({ damping }));
    const [a, b] = [take(all, N, N + 1), take(all, N + 3, N + M)].map((test) => asked(test).result.certificate);
    expect(a!.damping).toBe(b!.damping);
    expect(a!.eigenvalues).toEqual(b!.eigenvalues);
    // Where H's only negative directions are those of layer0, the last layer alone needs none, and looks for none.
    const last = ask(wild, cg({ damping: "auto", tolerance: 1e-3 }), { layers: ["layer2"] }).result.certificate;
    expect([last.damping, last.why]).toEqual([0, "auto: the objective is convex"]);
  });

  it("are refused to nystrom", () => {
    expect(failure(() => ask(wild, { kind: "nystrom", rank: 20, damping: 0.1, seed: 0, hessian: "exact" })).code).toBe(
      "MTT5604",
    );
  });

  it("have a Gauss-Newton matrix that takes any damping", () => {
    const [a, b] = [cg({ hessian: "gauss_newton", damping: 0.01 }), exact({ hessian: "gauss_newton", damping: 0.01 })];
    const [x, y] = [ask(wild, a).result, ask(wild, b).result];
    expect(distance(x.scores!.data, y.scores!.data)).toBeLessThan(1e-7);
    expect(y.certificate.eigenvalues!.smallest).toBeGreaterThan(-1e-9);
  });
});

describe("LiSSA", () => {
  it("stops where a scale that was given lets it diverge", () => {
    const { code, message, help } = failure(() => ask(softmax, lissa({ scale: 0.02 })));
    expect(code).toBe("MTT5605");
    expect(message).toContain("0.02");
    expect(help).toContain("scale: auto");
  });

  it("fails with its residual where a depth that was given does not reach the tolerance", () => {
    expect(failure(() => ask(softmax, lissa({ depth: 3, repeats: 2 }))).code).toBe("MTT5610");
  });

  it("repeats the same numbers for one seed and others for another", () => {
    const [a, b, c] = [0, 0, 1].map((seed) => ask(softmax, lissa({ seed })).result.scores!.data);
    expect(a).toEqual(b);
    expect(a).not.toEqual(c);
  });
});

describe("scores", () => {
  const reversed = (columns: Columns): Columns =>
    Object.fromEntries(
      Object.entries(columns).map(([name, { dtype, shape, data }]) => {
        const n = shape[0]!;
        const width = data.length / n;
        return [
          name,
          tensor(
            dtype,
            shape,
            Array.from({ length: data.length }, (_, i) => data[(n - 1 - Math.floor(i / width)) * width + (i % width)]!),
          ),
        ];
      }),
    );

  it("do not depend on the order of the training data", () => {
    const turned = ask({ ...softmax, train: reversed(softmax.train) }, cg()).result.scores!;
    const back = turned.data.map((_, i) => turned.data[Math.floor(i / N) * N + (N - 1 - (i % N))]!);
    expect(distance(back, exactly.scores!.data)).toBeLessThan(1e-9);
  });

  it("do not depend on memory: small batches, blocks of few test examples, scores written as they come", () => {
    const { result, blocks, open } = ask(softmax, cg(), { context: { budget: 6000 } });
    expect(result.scores).toBeUndefined();
    expect(result.written).toEqual([M, N]);
    expect(blocks.length).toBeGreaterThan(1);
    const written = new Float64Array(M * N);
    for (const { from, values, shape, array } of blocks) {
      expect([array, shape]).toEqual(["scores", [M, N]]);
      written.set(values.data, from * N);
    }
    expect(distance(written, exactly.scores!.data)).toBeLessThan(1e-9);
    expect(open).toBe(0);
  });

  it("by input pixels leave in order where memory is short", () => {
    const whole = ask(softmax, cg(), { of: "input" }).result.scores!;
    const { result, blocks } = ask(softmax, cg(), { of: "input", context: { budget: 20_000 } });
    expect(result.written).toEqual([M * N, 4]);
    let next = 0;
    const written = new Float64Array(M * N * 4);
    for (const { from, values } of blocks) {
      expect(from).toBe(next);
      next += values.shape[0]!;
      written.set(values.data, from * 4);
    }
    expect(next).toBe(M * N);
    expect(distance(written, whole.data)).toBeLessThan(1e-8);
  });

  it("that leave as they come are never taken back: the damping is settled first", () => {
    const { result, blocks } = ask(wild, cg(), { context: { budget: 8000 } });
    expect(blocks.map(({ from }) => from)).toEqual(
      [...new Set(blocks.map(({ from }) => from))].toSorted((a, b) => a - b),
    );
    expect(result.certificate.damping!).toBeCloseTo(2 * Math.abs(smallestOfWild), 3);
  });

  it("are the same for a test example alone", () => {
    for (let t = 0; t < M; t++) {
      const alone = ask({ ...softmax, test: take(softmax.test, t, t + 1) }, cg()).result.scores!;
      expect(distance(alone.data, exactly.scores!.data.slice(t * N, (t + 1) * N))).toBeLessThan(1e-8);
    }
  });

  it("are the same by one forward-mode pass and by per-example gradients", () => {
    const problem = problemOf(specOf(softmax), { parameters: softmax.parameters, n: N, m: M });
    const directions = drive(
      gradientsOf(problem, { measure: softmax.loss, data: 1, examples: M }).of(0, M),
      softmax.train,
      softmax.test,
    ).result;
    const [forward, gradients] = (["forward", "gradients"] as const).map(
      (way) => drive(scoringPass(problem, false, way).along(directions), softmax.train, softmax.test).result,
    );
    expect(distance(forward!, gradients!)).toBeLessThan(1e-12);
  });

  it("come by whichever way the table of costs says is cheaper", () => {
    const wide = problemOf(
      specOf({
        ...softmax,
        network: linear(400, 10),
        loss: crossEntropy(10),
        parameters: {
          "layer0/W": tensor("f64", [400, 10], new Float64Array(4000)),
          "layer0/b": tensor("f64", [10], new Float64Array(10)),
        },
      }),
      {
        parameters: {
          "layer0/W": tensor("f64", [400, 10], new Float64Array(4000)),
          "layer0/b": tensor("f64", [10], new Float64Array(10)),
        },
        n: 100,
        m: 1,
      },
    );
    expect(cheaper(wide, 1)).toBe("forward");
  });

  it("keep only the best and the worst where `top` says so", () => {
    const { top, scores } = ask(softmax, exact(), { top: 4 }).result;
    expect(scores).toBeUndefined();
    for (let t = 0; t < M; t++) {
      const row = Array.from(exactly.scores!.data.slice(t * N, (t + 1) * N), (score, index) => ({ score, index }));
      const sorted = row.toSorted((a, b) => b.score - a.score);
      const at = (part: "helpful" | "harmful") => ({
        index: Array.from(top![part].index.data.slice(4 * t, 4 * t + 4)),
        score: Array.from(top![part].score.data.slice(4 * t, 4 * t + 4)),
      });
      expect(at("helpful").index).toEqual(sorted.slice(0, 4).map(({ index }) => index));
      expect(at("harmful").index).toEqual(
        sorted
          .slice(-4)
          .reverse()
          .map(({ index }) => index),
      );
      expect(at("helpful").score).toEqual(sorted.slice(0, 4).map(({ score }) => score));
    }
  });

  it("of a measure other than the loss", () => {
    const b = new GraphBuilder();
    const result = b.input("result", { dtype: "f32", shape: [3] });
    const logit = b.apply("reshape", [b.apply("slice", [result], { start: [1], limit: [2], strides: [1] })], {
      shape: [],
    });
    const measure: Measure = { name: "logit(1)", targets: [], graph: b.build([logit]) };
    const [x, y] = [ask(softmax, exact(), { measure }).result, ask(softmax, cg(), { measure }).result];
    expect(distance(y.scores!.data, x.scores!.data)).toBeLessThan(1e-8);
    expect(pearson(x.scores!.data, exactly.scores!.data)).toBeLessThan(0.9);
    const self = ask(softmax, cg(), { measure, test: "self" }).result;
    const over = ask({ ...softmax, test: softmax.train }, exact(), { measure }).result;
    expect(
      distance(
        self.scores!.data,
        Array.from({ length: N }, (_, i) => over.scores!.data[i * N + i]!),
      ),
    ).toBeLessThan(1e-8);
  });

  it("of some layers are those of a model whose other weights are constants", () => {
    const [x, y] = [
      ask(wild, exact({ damping: 1 }), { layers: ["layer2"] }).result,
      ask(wild, cg({ damping: 1 }), { layers: ["layer2"] }).result,
    ];
    expect(distance(y.scores!.data, x.scores!.data)).toBeLessThan(1e-8);
    expect(x.certificate.hvps).toBe(15 + M);
    expect(failure(() => ask(wild, cg(), { layers: ["layer7"] })).code).toBe("MTT5601");
  });

  it("are of the model outside of training: batch norm on its running statistics", () => {
    const of: Case = {
      network: batchNormNet(4, 3),
      loss: crossEntropy(3),
      regularize: { kind: "l2", strength: 0.1 },
      train: softmax.train,
      test: softmax.test,
      parameters: {
        "layer0/W": tensor("f64", [4, 3], normal(6, "w", 0, 12)),
        "layer1/mean": tensor("f64", [3], [0.1, -0.2, 0.3]),
        "layer1/variance": tensor("f64", [3], [1.5, 0.7, 2]),
      },
    };
    expect(distance(ask(of, cg()).result.scores!.data, ask(of, exact()).result.scores!.data)).toBeLessThan(1e-8);
  });

  it("of grad_dot and grad_cos are the gradients' products", () => {
    const spec = problemOf(specOf(softmax), { parameters: softmax.parameters, n: N, m: M });
    const rows = (data: 0 | 1, count: number) =>
      drive(
        gradientsOf(spec, { measure: softmax.loss, data, examples: count }).of(0, count),
        softmax.train,
        softmax.test,
      ).result;
    const [train, test] = [rows(0, N), rows(1, M)];
    const [product, cosine] = (["grad_dot", "grad_cos"] as const).map((kind) => ask(softmax, { kind }).result.scores!);
    for (const [t, j] of [
      [0, 0],
      [2, 17],
      [4, N - 1],
    ] as const) {
      const [a, b] = [test.data.slice(t * 15, (t + 1) * 15), train.data.slice(j * 15, (j + 1) * 15)];
      const inner = a.reduce((sum, value, i) => sum + value * b[i]!, 0);
      expect(product!.data[t * N + j]!).toBeCloseTo(inner / N, 12);
      expect(cosine!.data[t * N + j]!).toBeCloseTo(inner / Math.hypot(...a) / Math.hypot(...b), 12);
    }
  });
});

describe("a query that was stopped", () => {
  const one: Case = { ...softmax, test: take(softmax.test, 0, 1) };
  const asked = (method: Method) => influence({ ...specOf(one), method }, { parameters: one.parameters, n: N, m: 1 });

  /** The same algorithm, whose solves begin from a kept state. */
  function* from<R>(algorithm: Algorithm<R>, kept: Kept): Algorithm<R> {
    let next = algorithm.next(undefined);
    while (!next.done) {
      const command = next.value;
      next = algorithm.next(
        yield command.do === "part" && command.name === "solve"
          ? { ...command, compute: () => command.compute(kept) }
          : command,
      );
    }
    return next.value;
  }

  it("goes on from the solve's last checkpoint, to a tighter tolerance too, and ends in the same bytes", () => {
    const whole = drive(asked(cg()), one.train, one.test);
    const loose = drive(asked(cg({ tolerance: 1e-3 })), one.train, one.test);
    const kept = [...whole.checkpoints.slice(0, -1), ...loose.checkpoints];
    expect(kept.length).toBeGreaterThan(1);
    for (const { at, state } of kept) {
      const resumed = drive(from(asked(cg()), { at, state }), one.train, one.test);
      expect(resumed.result).toEqual(whole.result);
      expect(resumed.counts.run).toBeLessThan(whole.counts.run);
    }
  });

  it.each<[string, Method]>([
    ["by stages", lissa({ tolerance: 1e-3 })],
    ["by repeats of a given depth", lissa({ tolerance: 5, depth: 150, repeats: 2 })],
    ["preconditioned", lissa({ precondition: "ekfac", tolerance: 1e-7 })],
  ])("of LiSSA goes on from every iterate that was kept: %s", (_, method) => {
    const whole = drive(asked(method), one.train, one.test);
    const kept = whole.checkpoints.filter(({ state }) => "walk/x" in state.arrays);
    expect(kept.length).toBeGreaterThan(1);
    for (const { at, state } of kept) {
      const resumed = drive(from(asked(method), { at, state }), one.train, one.test);
      expect(resumed.result).toEqual(whole.result);
      expect(resumed.counts.run).toBeLessThan(whole.counts.run);
    }
  });

  it("does not take a state past its own end", () => {
    const whole = drive(asked(cg()), one.train, one.test);
    const loose = drive(asked(cg({ tolerance: 1e-3 })), one.train, one.test);
    const resumed = drive(from(asked(cg({ tolerance: 1e-3 })), whole.checkpoints.at(-1)!), one.train, one.test);
    expect(resumed.result).toEqual(loose.result);
  });
});

describe("a model in f32", () => {
  it("is asked in f32, with sums in f64", () => {
    const single = (columns: Columns): Columns => ({ ...columns, x: tensor("f32", columns.x!.shape, columns.x!.data) });
    const parameters = Object.fromEntries(
      Object.entries(softmax.parameters).map(([path, { shape, data }]) => [path, tensor("f32", shape, data)]),
    );
    const of = { ...softmax, parameters, train: single(softmax.train), test: single(softmax.test) };
    const { scores, certificate } = ask(of, cg({ tolerance: 1e-5 })).result;
    expect(scores!.dtype).toBe("f32");
    expect(distance(scores!.data, exactly.scores!.data)).toBeLessThan(1e-4);
    expect(certificate.residual!).toBeLessThanOrEqual(1e-5);
  });
});

describe("what cannot be asked", () => {
  it("no examples", () => {
    const none = take(softmax.test, 0, 0);
    expect(failure(() => ask({ ...softmax, test: none }, cg())).code).toBe("MTT5611");
    expect(failure(() => ask({ ...softmax, train: none }, cg())).code).toBe("MTT5611");
  });

  it("a Hessian larger than memory, by its size", () => {
    const { code, message, help } = failure(() => ask(softmax, exact(), { context: { budget: 1000 } }));
    expect(code).toBe("MTT5606");
    expect(message).toContain("15 weights");
    expect(help).toContain("cg");
  });

  it("a solve that misses its tolerance, unless its residual is accepted", () => {
    const short = cg({ iterations: 1 });
    const { code, message } = failure(() => ask(softmax, short));
    expect(code).toBe("MTT5610");
    expect(message).toContain("after 1 iterations");
    const { result, warnings } = ask(softmax, short, { accept: 0.9 });
    expect(warnings.join()).toContain("accepts 0.9");
    expect(result.certificate.residual!).toBeGreaterThan(1e-10);
    expect(failure(() => ask(softmax, short, { accept: 1e-9 })).code).toBe("MTT5610");
  });

  it("input pixels of a method without a solve", () => {
    expect(failure(() => ask(softmax, { kind: "grad_dot" }, { of: "input" })).code).toBe("MTT5612");
  });

  it("scores that are not finite", () => {
    const broken = {
      ...softmax,
      parameters: { ...softmax.parameters, "layer0/b": tensor("f64", [3], [Number.NaN, 0, 0]) },
    };
    expect(failure(() => ask(broken, { kind: "grad_dot" })).code).toBe("MTT5602");
  });
});

function specOf(of: Case): Influence {
  return {
    network: of.network,
    loss: of.loss,
    measure: of.loss,
    test: "data",
    of: "example",
    method: cg(),
    ...(of.regularize === undefined ? {} : { regularize: of.regularize }),
  };
}
