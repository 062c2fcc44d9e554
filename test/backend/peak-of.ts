import * as Effect from "effect/Effect";
import { selectBackend } from "../../src/backend/available.ts";
import type { Backend } from "../../src/backend/backend.ts";
import { peakBytes } from "../../src/ir/cost.ts";
import type { Graph } from "../../src/ir/graph.ts";
import { weightedLoss } from "../../src/learn/objective.ts";
import { sizeOf, tensor } from "../../src/shape/tensor.ts";
import { gradient, hvp } from "../../src/transform/vjp.ts";
import { planOf } from "../elaborate/program.ts";

// A process of its own, for peak.test.ts: its memory before and at the most while a graph runs, as JSON on its last line.

const [engine, work, batch] = process.argv.slice(2) as [Backend["name"], "gradient" | "product", string];

const { steps } = planOf(`
let digits = glyphs(n: 60, seed: 1)
network Small(image: f32[28, 28, 1]) -> f32[10] =
  image |> conv(16, kernel: 5x5) |> relu |> max_pool(2x2) |> conv(32, stride: 2x2) |> tanh |> flatten |> dense(64) |> dense(10)
train model { network: Small, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 1 }
`);
const { body } = steps.find(({ id }) => id === "model")!;
if (body.kind !== "train") throw new TypeError();
const { network, loss } = body.training;
const wrt = network.weights.map((_, i) => i);

const graphOf = (size: number): Graph => {
  const mean = weightedLoss(network, loss, size, "f32");
  return work === "product" ? hvp(mean, wrt) : gradient(mean, wrt);
};
const inputsOf = (graph: Graph) =>
  graph.inputs.map(({ type: { dtype, shape } }) =>
    tensor(dtype, shape, new Float64Array(sizeOf(shape)).fill(dtype === "i32" ? 1 : 0.01)),
  );

const backend = await Effect.runPromise(selectBackend(engine, "cpu", 2));
const run = (graph: Graph, times: number) => {
  const inputs = inputsOf(graph);
  return Effect.scoped(
    Effect.gen(function* () {
      const before = process.memoryUsage.rss();
      const session = yield* backend.open({ graph, resident: 0, updated: 0 }, []);
      for (let i = 0; i < times; i++) yield* session.run(inputs);
      return { before, most: process.resourceUsage().maxRSS * 1024 };
    }),
  );
};
// The library and its threads are there before anything is measured.
await Effect.runPromise(run(graphOf(2), 1));
const graph = graphOf(Number(batch));
const { before, most } = await Effect.runPromise(run(graph, 3));
console.log(JSON.stringify({ planned: peakBytes(graph), measured: most - before }));
