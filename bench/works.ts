import * as Effect from "effect/Effect";
import type { Scope } from "effect/Scope";
import type { Backend, BackendError } from "../src/backend/backend.ts";
import { GraphBuilder } from "../src/ir/builder.ts";
import type { Graph } from "../src/ir/graph.ts";
import { batchMeasures, exampleMeasures, weightedLoss } from "../src/learn/objective.ts";
import { trainingStep } from "../src/learn/step.ts";
import type { Training } from "../src/plan/training.ts";
import { sizeOf, type Tensor, type TensorType, tensor, zeros } from "../src/shape/tensor.ts";
import { jvp } from "../src/transform/jvp.ts";
import { dropOutputs } from "../src/transform/outputs.ts";
import { simplify } from "../src/transform/simplify.ts";
import { gradient, hvp } from "../src/transform/vjp.ts";
import { vmap } from "../src/transform/vmap.ts";
import { trainingOf } from "./network.ts";
import { book, drawn, post, type Spec } from "./specs.ts";

/** One unit of work, opened: what a call runs. */
export type Call = Effect.Effect<unknown, BackendError>;
export type Open = (backend: Backend) => Effect.Effect<Call, BackendError, Scope>;

export interface Work {
  readonly work: string;
  /** Of what network, by its place among the specs, and under which name the others know the work. */
  readonly spec: number;
  readonly kind: Kind;
  /** Ours over the faster of the others, at most. */
  readonly goal: number;
  readonly open: Open;
  /** Ours over so many calls of another work of ours, instead of over others. */
  readonly against?: { readonly open: Open; readonly times: number };
}

type Kind = "forward" | "step" | "hvp" | "jvp" | "gradients" | "hvps";

const noise = ({ dtype, shape }: TensorType, scale = 0.1): Tensor =>
  tensor(
    dtype,
    shape,
    Float64Array.from({ length: sizeOf(shape) }, (_, i) => scale * Math.sin(12.9898 * (i + 1))),
  );

const SEVERAL = 8;

const opens = (spec: Spec): { readonly [K in Kind]: Open } => {
  const training = trainingOf(spec);
  const { network, loss } = training;
  const { batch } = spec;
  const weights = network.weights.map(({ type }) => noise(type));
  const directions = network.weights.map(({ type }) => noise(type, 1));
  const wrt = weights.map((_, i) => i);
  const shared = wrt.map((): 0 | null => null);
  const images = tensor(
    "f32",
    [batch, ...spec.image],
    Float64Array.from({ length: batch * sizeOf(spec.image) }, (_, i) => Math.abs(Math.sin(i))),
  );
  const labels = tensor(
    "i32",
    [batch],
    Array.from({ length: batch }, (_, i) => i % spec.classes),
  );
  const rows = tensor("f32", [batch], new Float32Array(batch).fill(1 / batch));
  /** A graph whose first inputs are the weights, which stay in the engine. */
  const predicting =
    (graph: () => Graph, feeds: readonly Tensor[]): Open =>
    (backend) =>
      Effect.suspend(() =>
        Effect.map(backend.open({ graph: graph(), resident: weights.length, updated: 0 }, weights), (session): Call => {
          // As a loop over examples does it: what the run before answered has been read.
          let spent: readonly Tensor[] = [];
          return Effect.suspend(() => session.run(feeds, spent)).pipe(
            Effect.tap((answers) =>
              Effect.sync(() => {
                spent = answers;
              }),
            ),
          );
        }),
      );
  /** Large answers stay in the engine, as they do in the others'. */
  const keeping =
    (graph: () => Graph, feeds: readonly Tensor[]): Open =>
    (backend) =>
      Effect.suspend(() => {
        const b = new GraphBuilder();
        const made = graph();
        const inputs = made.inputs.map(({ name, type }) => b.input(name, type));
        const outputs = b.inline(made, inputs);
        const kept = outputs.map((value, i) => b.input(`answers/${i}`, b.typeOf(value)));
        const program = {
          graph: b.build(outputs, [...kept, ...inputs]),
          resident: kept.length + weights.length,
          updated: kept.length,
        };
        const begin = kept.map((value) => zeros(b.typeOf(value).dtype, b.typeOf(value).shape));
        return Effect.map(backend.open(program, [...begin, ...weights]), (session): Call => session.run(feeds));
      });
  const product = () => hvp(weightedLoss(network, loss, batch, "f32"), wrt);
  return {
    forward: predicting(() => simplify(vmap(network.inference, [...shared, 0], { size: batch })), [images]),
    step: adam(training, images, labels),
    hvp: predicting(product, [images, labels, rows, ...directions]),
    jvp: predicting(() => jvp(batchMeasures(network, [loss], batch, "f32"), wrt), [images, labels, ...directions]),
    gradients: keeping(
      () =>
        simplify(
          vmap(dropOutputs(gradient(exampleMeasures(network, [loss], "f32"), wrt), 1), [...shared, 0, 0], {
            size: batch,
          }),
        ),
      [images, labels],
    ),
    hvps: predicting(
      () => simplify(vmap(product(), [...shared, null, null, null, ...wrt.map(() => 0 as const)], { size: SEVERAL })),
      [
        images,
        labels,
        rows,
        ...network.weights.map(({ type }) => noise({ ...type, shape: [SEVERAL, ...type.shape] }, 1)),
      ],
    ),
  };
};

/** A step as `mtt run` takes it: examples go in, parameters and memory stay in the engine. */
const adam =
  (training: Training, images: Tensor, labels: Tensor): Open =>
  (backend) =>
    Effect.gen(function* () {
      const { program, resident, feeds } = trainingStep(training, training.batch, { accuracy: false });
      const begin = resident.map(({ name, type }) =>
        name.startsWith("parameters/") ? noise(type) : zeros(type.dtype, type.shape),
      );
      const session = yield* backend.open(program, begin);
      const count = training.batch;
      const at = Int32Array.from({ length: count }, (_, i) => i);
      let step = 0;
      return Effect.suspend(() => session.run([images, labels, ...feeds({ epoch: 0, step: step++, at, count })]));
    });

const goals = { forward: 0.65, step: 0.9, hvp: 0.9, jvp: 0.7, gradients: 0.9, hvps: 0.6 } as const;
const names = {
  forward: "forward",
  step: "Adam training step",
  hvp: "Hessian-vector product",
  jvp: "per-example losses' jvp",
  gradients: "per-example gradients",
  hvps: `${SEVERAL} HVPs at once`,
} as const;

/** The networks, and what is timed of each: all on the post's, the step where there is pooling, what everyone needs on those that the seed draws. */
export function worksOf(seed: number): { readonly specs: readonly Spec[]; readonly works: readonly Work[] } {
  const specs = [post, book, drawn(seed, 1), drawn(seed, 2)];
  const works = specs.flatMap((spec, i): readonly Work[] => {
    const open = opens(spec);
    const kinds: readonly Kind[] =
      spec === post
        ? ["forward", "step", "hvp", "jvp", "gradients", "hvps"]
        : spec === book
          ? ["step"]
          : ["forward", "step", "hvp"];
    return kinds.map((kind) => ({
      work: spec === post ? names[kind] : `${names[kind]}, ${spec.name}`,
      spec: i,
      kind,
      // The post's network has the goals; no other may be slower than the faster of the others.
      goal: spec === post ? goals[kind] : 1,
      open: open[kind],
      ...(kind === "hvps" ? { against: { open: open.hvp, times: SEVERAL } } : {}),
    }));
  });
  return { specs, works };
}
