import { parseArgs } from "node:util";
import { load } from "../src/index.ts";
import { apart, scoresIn } from "./scores.ts";

// How far the scores of tensorflow and onnx are apart from the same imported parameters (pipelines/paper/imported.mtt), and whether each gives the same
// bits again in a store of its own.

const { values: flags } = parseArgs({
  options: {
    data: { type: "string", default: process.env.MTT_DATA ?? "" },
    weights: { type: "string", default: "classifier.safetensors" },
    store: { type: "string", default: ".mtt" },
    step: { type: "string", multiple: true, default: ["by_gauss_newton", "by_ekfac"] },
    tests: { type: "string", default: "2" },
    examples: { type: "string", default: "60000" },
  },
});

const asked = async (backend: "tensorflow" | "onnx", store: string) => {
  const { run } = await load("pipelines/paper/imported.mtt", {
    params: { weights_file: flags.weights, tests: Number(flags.tests), responsible: Number(flags.examples) },
    store,
    backend,
    ...(flags.data === "" ? {} : { data: flags.data }),
  });
  const { outcomes, summaries, diagnostics } = await run(flags.step);
  for (const { code, message } of diagnostics) console.error(`${code}: ${message}`);
  return Promise.all(
    flags.step.map(async (step) => ({
      step,
      scores: await scoresIn(store, outcomes.get(step)),
      residual: Number(outcomes.get(step)?.figures.residual),
      seconds: summaries[step]!.seconds,
    })),
  );
};

const equal = (a: Float64Array, b: Float64Array): boolean => a.every((value, i) => Object.is(value, b[i]));

const [tensorflow, onnx] = [
  await asked("tensorflow", `${flags.store}/tensorflow`),
  await asked("onnx", `${flags.store}/onnx`),
];
const again = [await asked("tensorflow", `${flags.store}/again`), await asked("onnx", `${flags.store}/again`)];
console.log("| step | ‖a - b‖ / ‖b‖ | residuals | seconds | the same bits again |");
console.log("|---|---|---|---|---|");
for (const [i, a] of tensorflow.entries()) {
  const b = onnx[i]!;
  const cells = [
    a.step,
    apart(a.scores, b.scores).toExponential(1),
    `${a.residual.toExponential(1)}, ${b.residual.toExponential(1)}`,
    `${a.seconds.toFixed(0)}, ${b.seconds.toFixed(0)}`,
    equal(a.scores, again[0]![i]!.scores) && equal(b.scores, again[1]![i]!.scores) ? "yes" : "no",
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
