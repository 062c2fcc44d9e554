import * as Effect from "effect/Effect";
import { selectBackend } from "../src/backend/available.ts";
import { stepping } from "../src/learn/steps-together.ts";
import type { Training } from "../src/plan/training.ts";
import { driven, readData } from "./influence-works.ts";
import { trainingOf } from "./network.ts";
import { post, type Spec } from "./specs.ts";

/** Whether several mini-batch trainings in one graph take less time than one after another: `npx tsx bench/together.ts FOLDER`, FOLDER with MNIST's files. */
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("npx tsx bench/together.ts FOLDER");

const dense = (units: number, ...more: Spec["layers"]): Spec => ({
  name: `dense ${units}`,
  batch: 256,
  image: [28, 28, 1],
  classes: 10,
  layers: [{ kind: "dense", units }, ...more],
});
/** With so many steps. */
const subjects: readonly (readonly [Spec, Training["precision"], number])[] = [
  [dense(10), "f64", 600],
  [dense(128, { kind: "relu" }, { kind: "dense", units: 10 }), "f64", 200],
  [post, "f32", 80],
];
const N = 5120;

const backend = await Effect.runPromise(selectBackend("tensorflow", "cpu"));
const data = { train: readData(folder, "train"), test: readData(folder, "t10k") };
for (const [spec, precision, steps] of subjects) {
  const training: Training = { ...trainingOf(spec), precision };
  const seconds = async (width: number, steps: number): Promise<number> => {
    const trainer = stepping({ ...training, length: { steps } }, { n: N }, undefined, width);
    const weights = Array.from({ length: width }, (_, k) => new Float64Array(N).fill(1).fill(0, k, k + 1));
    const start = performance.now();
    await driven(trainer.train(weights, []), backend, data, precision);
    return (performance.now() - start) / 1000;
  };
  for (const width of [1, 2, 4, 8]) {
    await seconds(width, 2);
    // Without what making the program takes.
    const made = await seconds(width, 2);
    const each = ((await seconds(width, steps + 2)) - made) / steps / width;
    console.log(`${spec.name}, ${precision}, ${width} together: ${(1000 * each).toFixed(2)} ms a step of one`);
  }
}
