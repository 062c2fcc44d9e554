/** `npm run test:faults -- [--kills 300] [--corruptions 200] [--seed 1] [--backend onnx]`: every fault with its point, seed and object, and the counts. A long run may be done in parts, with a seed each. Exit 1 where one does harm. */
import { parseArgs } from "node:util";
import { Bench, corruptions, kills } from "./faults.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "300" },
    corruptions: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    /** `onnx`: with the threads of an engine. */
    backend: { type: "string", default: "reference" },
  },
});
const seed = Number(values.seed);

using bench = await Bench.open(values.backend === "onnx" ? "onnx" : "reference");
let [killed, middle, harmed, read] = [0, 0, 0, 0];
const points = new Map<string, number>();
/** `kill: middle of write locks`, `corruption: emptied objects`: what is counted of a fault. */
const count = (kind: string, point: string, path: string): void => {
  const what = `${kind}: ${point}${path === "" ? "" : ` ${path.split("/")[0]}`}`;
  points.set(what, (points.get(what) ?? 0) + 1);
};
for await (const { what, point, path, middle: inside } of kills(bench, Number(values.kills), seed)) {
  killed++;
  count("kill", point, path);
  if (inside) middle++;
  console.log(`kill ${killed}: ${what}`);
}
for await (const { what, point, path, met } of corruptions(bench, Number(values.corruptions), seed)) {
  harmed++;
  count("corruption", point, path);
  if (met) read++;
  console.log(`corruption ${harmed}: ${what}`);
}
for (const [what, times] of [...points].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(`${times} ${what}`);
console.log(
  `${killed} kills, ${middle} of them in the middle of a write, and ${harmed} corruptions, ${read} of them read and named by the run: every final hash is that of an undisturbed run`,
);
