/** `npm run test:faults -- [--kills 300] [--corruptions 200] [--seed 1]`: every fault with its point, seed and object, and the counts. Exit 1 where one does harm. */
import { parseArgs } from "node:util";
import { Bench, corruptions, kills } from "./faults.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "300" },
    corruptions: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
  },
});
const seed = Number(values.seed);

using bench = await Bench.open();
let [killed, middle, harmed, read] = [0, 0, 0, 0];
for await (const { what, middle: inside } of kills(bench, Number(values.kills), seed)) {
  killed++;
  if (inside) middle++;
  console.log(`kill ${killed}: ${what}`);
}
for await (const { what, met } of corruptions(bench, Number(values.corruptions), seed)) {
  harmed++;
  if (met) read++;
  console.log(`corruption ${harmed}: ${what}`);
}
console.log(
  `${killed} kills, ${middle} of them in the middle of a write, and ${harmed} corruptions, ${read} of them read and named by the run: every final hash is that of an undisturbed run`,
);
