import { parseArgs } from "node:util";
import { correlation, Matrix } from "ml-matrix";
import { load } from "../src/index.ts";
import { apart, scoresIn } from "./scores.ts";

// How far the scores of each method of pipelines/paper/solvers.mtt are from those of the whole Hessian, factored. What is stored is not computed again.

const { values: flags } = parseArgs({
  options: {
    data: { type: "string", default: process.env.MTT_DATA ?? "" },
    store: { type: "string", default: ".mtt" },
    backend: { type: "string", default: "auto" },
    examples: { type: "string", default: "60000" },
    against: { type: "string", default: "by_exact" },
    method: { type: "string", multiple: true, default: ["by_cg", "by_lissa", "by_arnoldi", "by_ekfac"] },
  },
});
const backends = ["auto", "onnx", "tensorflow", "reference"] as const;
const backend = backends.find((name) => name === flags.backend);
if (backend === undefined) throw new Error(`--backend is one of ${backends.join(", ")}`);

const { run } = await load("pipelines/paper/solvers.mtt", {
  params: { examples: Number(flags.examples) },
  store: flags.store,
  backend,
  ...(flags.data === "" ? {} : { data: flags.data }),
});
const steps = [flags.against, ...flags.method];
const { outcomes, summaries, diagnostics } = await run(steps);
for (const { code, message } of diagnostics) console.error(`${code}: ${message}`);

const pearson = (a: Float64Array, b: Float64Array): number =>
  correlation(Matrix.columnVector(a), Matrix.columnVector(b)).get(0, 0);

const exact = await scoresIn(flags.store, outcomes.get(flags.against));
console.log("| method | Pearson r | lowest r of a test example | ‖a - b‖ / ‖b‖ | residual | HVPs | seconds |");
console.log("|---|---|---|---|---|---|---|");
for (const step of steps) {
  const scores = await scoresIn(flags.store, outcomes.get(step));
  const { figures } = outcomes.get(step)!;
  const tests = Number(figures.test);
  const n = scores.length / tests;
  const each = Array.from({ length: tests }, (_, t) =>
    pearson(scores.subarray(t * n, (t + 1) * n), exact.subarray(t * n, (t + 1) * n)),
  );
  const cells = [
    step,
    pearson(scores, exact).toPrecision(8),
    Math.min(...each).toPrecision(6),
    apart(scores, exact).toExponential(1),
    typeof figures.residual === "number" ? figures.residual.toExponential(1) : "-",
    figures.hvps ?? "-",
    summaries[step]!.seconds.toFixed(1),
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
