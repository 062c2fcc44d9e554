import { cpSync } from "node:fs";
import { expect, it } from "vitest";
import { folder, runProgram } from "./run-program.ts";

// Parts of an answer that are kept are taken by whoever asks the same. Here every query differs from another in one respect, and all share a store:
// what the store has seen before must change no bit of an answer.

const head = `
let digits = glyphs(n: 30, seed: 1, image: f32[8, 8, 1])
network Deep(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> dense(3) |> tanh |> dense(10)
network Flat(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> dense(10)
network Square(image: f32[8, 8, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> dense(4) |> tanh |> dense(4) |> tanh |> dense(10)
train square { network: Square, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.5), batch: 10, epochs: 1, precision: f64, regularize: l2(0.01) }
train deep { network: Deep, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.5), batch: 10, epochs: 2, precision: f64, regularize: l2(0.01) }
train flat { network: Flat, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.5), batch: 10, epochs: 2, precision: f64, regularize: l2(0.01) }
train same_weights = flat with { epochs: 0, start: flat, regularize: l2(0.02) }
train unregularized = flat with { epochs: 0, start: flat, regularize: none }
train loaded = flat with { epochs: 0, start: flat }
train of_part = flat with { epochs: 0, start: flat, data: digits.train |> take(20) }
`;
const two = "test: digits.test |> take(2)";
const cg = (more = "") => `cg(damping: 1, tolerance: 1e-6${more})`;

const queries: Record<string, string> = {
  cg: `model: deep, ${two}, method: ${cg()}`,
  "another damping": `model: deep, ${two}, method: cg(damping: 1.5, tolerance: 1e-6)`,
  "another tolerance": `model: deep, ${two}, method: cg(damping: 1, tolerance: 1e-3)`,
  "another preconditioner": `model: deep, ${two}, method: ${cg(", precondition: ekfac")}`,
  "one more": `model: deep, ${two}, method: ${cg(", precondition: nystrom")}`,
  "another curvature": `model: deep, ${two}, method: ${cg(", hessian: gauss_newton")}`,
  "other weights": `model: deep, ${two}, layers: ["layer1"], method: ${cg()}`,
  "other test examples": `model: deep, test: digits.test |> skip(2) |> take(2), method: ${cg()}`,
  "another measure": `model: deep, ${two}, measure: margin, method: ${cg()}`,
  "a class": `model: deep, ${two}, measure: logit(1), method: ${cg()}`,
  "another class": `model: deep, ${two}, measure: logit(2), method: ${cg()}`,
  themselves: `model: deep, test: self, method: ${cg()}`,
  pixels: `model: deep, ${two}, of: input, method: ${cg()}`,
  "a part": `model: deep, ${two}, train: digits.train |> skip(4) |> take(9), method: ${cg()}`,
  "another model": `model: flat, ${two}, method: ${cg()}`,
  "another strength at the same weights": `model: same_weights, ${two}, method: ${cg()}`,
  "no regularizer at the same weights": `model: unregularized, ${two}, method: ${cg()}`,
  exact: `model: deep, ${two}, method: exact(damping: 1)`,
  "exact, another curvature": `model: deep, ${two}, method: exact(damping: 1, hessian: gauss_newton)`,
  "exact, other weights": `model: deep, ${two}, layers: ["layer1"], method: exact(damping: 1)`,
  lissa: `model: deep, ${two}, method: lissa(damping: 1)`,
  "lissa, another seed": `model: deep, ${two}, method: lissa(damping: 1, seed: 2)`,
  "lissa, another depth": `model: deep, ${two}, method: lissa(damping: 1, depth: 60)`,
  "lissa, preconditioned": `model: deep, ${two}, method: lissa(damping: 1, precondition: ekfac)`,
  arnoldi: `model: deep, ${two}, method: arnoldi(5, damping: 1)`,
  "arnoldi, another rank": `model: deep, ${two}, method: arnoldi(6, damping: 1)`,
  "arnoldi, another seed": `model: deep, ${two}, method: arnoldi(5, damping: 1, seed: 3)`,
  "arnoldi, another damping": `model: deep, ${two}, method: arnoldi(5, damping: 2)`,
  nystrom: `model: deep, ${two}, method: nystrom(5, damping: 1, hessian: gauss_newton)`,
  "nystrom, another seed": `model: deep, ${two}, method: nystrom(5, damping: 1, hessian: gauss_newton, seed: 3)`,
  kfac: `model: deep, ${two}, method: kfac()`,
  ekfac: `model: deep, ${two}, method: ekfac()`,
  "ekfac, damped": `model: deep, ${two}, method: ekfac(damping: 0.5)`,
  "ekfac, another seed": `model: deep, ${two}, method: ekfac(seed: 5)`,
  trak: `model: deep, ${two}, method: trak(projections: 4)`,
  "trak, another seed": `model: deep, ${two}, method: trak(projections: 4, seed: 5)`,
  "trak, more projections": `model: deep, ${two}, method: trak(projections: 5)`,
  knn: `model: deep, ${two}, method: knn_shapley(3)`,
  "knn, more neighbours": `model: deep, ${two}, method: knn_shapley(4)`,
};
/** Weights of one shape, whose answers nothing but their place tells apart. */
for (const method of [
  "cg(hessian: gauss_newton, damping: 1)",
  "cg()",
  "exact(damping: auto)",
  "arnoldi(4, damping: 1)",
  "nystrom(4, damping: 1, hessian: gauss_newton)",
  "ekfac()",
])
  for (const at of [0, 1])
    Object.assign(queries, {
      [`layer${at} by ${method}`]: `model: square, ${two}, layers: ["layer${at}/W"], method: ${method}`,
    });
/** Models that only their training data tells apart. */
for (const method of [
  cg(),
  "exact(damping: 1)",
  "arnoldi(5, damping: 1)",
  "nystrom(5, damping: 1)",
  "ekfac()",
  "lissa(damping: 1)",
])
  for (const of of ["loaded", "of_part"])
    Object.assign(queries, { [`${of} by ${method}`]: `model: ${of}, ${two}, method: ${method}` });
const id = (at: number) => `query_${at}`;
const text = (at: number) => `influence ${id(at)} { ${Object.values(queries)[at]!} }\n`;
const count = Object.keys(queries).length;

it("what the store has seen changes no answer", async () => {
  const [trained, shared] = [folder(), folder()];
  await runProgram(head, trained);
  cpSync(trained, shared, { recursive: true });
  const all = Array.from({ length: count }, (_, at) => at);
  const together = await runProgram(head + all.map(text).join(""), shared);
  expect(together.diagnostics.map(({ message }) => message)).toEqual([]);
  const keys = all.map((at) => together.outcome(id(at)).key);
  expect(new Set(keys).size).toBe(count);
  for (const at of all) {
    const own = folder();
    cpSync(trained, own, { recursive: true });
    const alone = await runProgram(head + text(at), own);
    const [a, b] = [together.outcome(id(at)), alone.outcome(id(at))];
    expect([Object.keys(queries)[at], b.key]).toEqual([Object.keys(queries)[at], a.key]);
    // Scores and certificate to the bit: the content is their hash.
    expect([Object.keys(queries)[at], b.figures]).toEqual([Object.keys(queries)[at], a.figures]);
    expect([Object.keys(queries)[at], b.content]).toEqual([Object.keys(queries)[at], a.content]);
  }
});
