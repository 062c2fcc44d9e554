import * as Effect from "effect/Effect";
import type { Scope } from "effect/Scope";
import type { Backend, BackendError } from "../src/backend/backend.ts";
import { GraphBuilder } from "../src/ir/builder.ts";
import { batchMeasures, exampleMeasures, weightedLoss } from "../src/learn/objective.ts";
import { trainingStep } from "../src/learn/step.ts";
import type { Program } from "../src/plan/program.ts";
import { sizeOf, type Tensor, type TensorType, tensor, zeros } from "../src/shape/tensor.ts";
import { jvp } from "../src/transform/jvp.ts";
import { dropOutputs } from "../src/transform/outputs.ts";
import { simplify } from "../src/transform/simplify.ts";
import { gradient, hvp } from "../src/transform/vjp.ts";
import { vmap } from "../src/transform/vmap.ts";
import { loss, network, training } from "./network.ts";

export const BATCH = 256;

/** One unit of work, opened: what a call runs. */
export type Call = Effect.Effect<unknown, BackendError>;

export interface Work {
  readonly work: string;
  /** Ours over PyTorch's, at most. */
  readonly goal: number;
  readonly open: (backend: Backend) => Effect.Effect<Call, BackendError, Scope>;
}

const noise = ({ dtype, shape }: TensorType, scale = 0.1): Tensor =>
  tensor(
    dtype,
    shape,
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => scale * Math.sin(12.9898 * (i + 1))),
  );
const images = tensor(
  "f32",
  [BATCH, 28, 28, 1],
  Float64Array.from({ length: BATCH * 784 }, (_, i) => Math.abs(Math.sin(i))),
);
const labels = tensor(
  "i32",
  [BATCH],
  Array.from({ length: BATCH }, (_, i) => i % 10),
);
const weights = network.weights.map(({ type }) => noise(type));
const directions = network.weights.map(({ type }) => noise(type, 1));
const wrt = weights.map((_, i) => i);

/** A graph whose first inputs are the weights, which stay in the engine. */
const predicting = (graph: Program["graph"], feeds: readonly Tensor[]) => (backend: Backend) =>
  Effect.map(
    backend.open({ graph, resident: weights.length, updated: 0 }, weights),
    (session): Call => session.run(feeds),
  );

const adam: Work["open"] = (backend) =>
  Effect.gen(function* () {
    const { program, resident, feeds } = trainingStep(training, BATCH, { accuracy: false });
    const begin = resident.map(({ name, type }) =>
      name.startsWith("parameters/") ? noise(type) : zeros(type.dtype, type.shape),
    );
    const session = yield* backend.open(program, begin);
    const at = Int32Array.from({ length: BATCH }, (_, i) => i);
    let step = 0;
    return Effect.suspend(() => session.run([images, labels, ...feeds({ epoch: 0, step: step++, at, count: BATCH })]));
  });

/** (weights…, images, labels) -> logits */
function forward() {
  const b = new GraphBuilder();
  const batched = vmap(network.inference, [...wrt.map(() => null), 0], { size: BATCH });
  const inputs = batched.inputs.map(({ name, type }) => b.input(name, type));
  return simplify(b.build(b.inline(batched, inputs)));
}

export const works: readonly Work[] = [
  { work: "forward", goal: 2.5, open: predicting(forward(), [images]) },
  { work: "training step (Adam)", goal: 2.5, open: adam },
  {
    work: "HVP",
    goal: 2.5,
    open: predicting(hvp(weightedLoss(network, loss, BATCH, "f32"), wrt), [
      images,
      labels,
      tensor("f32", [BATCH], new Float32Array(BATCH).fill(1 / BATCH)),
      ...directions,
    ]),
  },
  {
    work: "per-example losses' jvp",
    goal: 2.5,
    open: predicting(jvp(batchMeasures(network, [loss], BATCH, "f32"), wrt), [images, labels, ...directions]),
  },
  {
    work: "per-example gradients",
    goal: 2.5,
    open: predicting(
      simplify(
        vmap(dropOutputs(gradient(exampleMeasures(network, [loss], "f32"), wrt), 1), [...wrt.map(() => null), 0, 0], {
          size: BATCH,
        }),
      ),
      [images, labels],
    ),
  },
];
