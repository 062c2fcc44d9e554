import { GraphBuilder } from "../../src/ir/builder.ts";
import type { Graph, Value } from "../../src/ir/graph.ts";
import { add, maximum, multiply, reduceMax, reduceSum, scale, unary } from "../../src/ir/operations.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { jvp } from "../../src/transform/jvp.ts";
import { gradient, hvp } from "../../src/transform/vjp.ts";
import { vmap } from "../../src/transform/vmap.ts";
import { drawDirection } from "../conformance/operations.ts";

/** So many examples that engines may lay images as they like. */
const EXAMPLES = 64;

export interface Program {
  readonly title: string;
  readonly graph: Graph;
  readonly inputs: readonly Tensor[];
}

/** What is asked of a small convolutional network over a batch, its sizes, strides, paddings and activations drawn; of so many tangents at once. */
export function imagePrograms(random: () => number, tangents: number): readonly Program[] {
  const pick = <T>(...of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const b = new GraphBuilder();
  const weights: Value[] = [];
  const weight = (...shape: readonly number[]): Value => {
    weights.push(b.input(`w${weights.length}`, { dtype: "f32", shape }));
    return weights.at(-1)!;
  };
  const names: string[] = [];
  const size = [pick(6, 7, 8), pick(6, 7, 8), pick(1, 1, 2, 3)] as const;
  const image = b.input("image", { dtype: "f32", shape: size });
  let x = b.apply("reshape", [image], { shape: [1, ...size] });
  for (let depth = pick(2, 3); depth > 0; depth--) {
    const [kernel, stride] = [pick(2, 3), depth === 1 ? 1 : pick(1, 2)];
    const padding = b.typeOf(x).shape[1]! > 4 ? pick("same" as const, "valid" as const) : "same";
    const channels = pick(2, 3, 4);
    const params = { stride: [stride, stride], dilation: [1, 1], padding, groups: 1 } as const;
    x = b.apply("conv2d", [x, weight(kernel, kernel, b.typeOf(x).shape[3]!, channels)], params);
    x = add(b, x, weight(channels));
    const activation = pick("leaky", "tanh", "none", "pool");
    if (activation === "leaky") x = maximum(b, x, scale(b, x, 0.2));
    if (activation === "tanh") x = unary(b, "tanh", x);
    if (activation === "pool") {
      const windows = { kernel: [2, 2], stride: [2, 2], dilation: [1, 1], padding: "same", fill: -10 } as const;
      x = reduceMax(b, b.apply("unfold", [x], windows), [3, 4]);
    }
    names.push(`${kernel}x${kernel} by ${stride} ${padding} to ${channels}, ${activation}`);
  }
  const flat = b.typeOf(x).shape.reduce((n, d) => n * d, 1);
  const logits = b.apply("dot_general", [b.apply("reshape", [x], { shape: [flat] }), weight(flat, 3)], {
    lhs_batch: [],
    rhs_batch: [],
    lhs_contracting: [0],
    rhs_contracting: [0],
  });
  const y = add(b, logits, weight(3));
  const example = b.build([reduceSum(b, multiply(b, y, unary(b, "tanh", y)))], [...weights, image]);

  const wrt = weights.map((_, i) => i);
  const over = <T>(of: T) => [...wrt.map((): T | null => null), of];
  const batch = vmap(example, over(0 as const), { size: EXAMPLES });
  const c = new GraphBuilder();
  const inputs = batch.inputs.map(({ name, type }) => c.input(name, type));
  const loss = c.build([reduceSum(c, c.inline(batch, inputs)[0]!)]);
  const product = hvp(loss, wrt);

  // Small weights: where tanh is flat, products of f32 cancel.
  const given = batch.inputs.map(({ type }, i): Tensor => {
    const drawn = drawDirection(type, random);
    return i < wrt.length
      ? tensor(
          "f32",
          type.shape,
          Float64Array.from(drawn.data, (w) => 0.3 * w),
        )
      : drawn;
  });
  const directions = wrt.map((i) => drawDirection(batch.inputs[i]!.type, random));
  const stacked = directions.map((v): Tensor => {
    const data = Float64Array.from({ length: tangents * v.data.length }, () => random() - 0.5);
    return tensor("f32", [tangents, ...v.shape], data);
  });
  const several = vmap(product, [...batch.inputs.map(() => null), ...wrt.map(() => 0 as const)], { size: tangents });
  const forward = jvp(batch, wrt);
  const forwards = vmap(forward, [...batch.inputs.map(() => null), ...wrt.map(() => 0 as const)], { size: tangents });
  const each = vmap(gradient(example, wrt), over(0 as const), { size: EXAMPLES });
  const of = `${size.join("x")}: ${names.join("; ")}`;
  return [
    { title: `values of ${of}`, graph: batch, inputs: given },
    { title: `jvp of ${of}`, graph: forward, inputs: [...given, ...directions] },
    { title: `${tangents} jvps of ${of}`, graph: forwards, inputs: [...given, ...stacked] },
    { title: `gradient of ${of}`, graph: gradient(loss, wrt), inputs: given },
    { title: `Hessian-vector product of ${of}`, graph: product, inputs: [...given, ...directions] },
    { title: `${tangents} Hessian-vector products of ${of}`, graph: several, inputs: [...given, ...stacked] },
    { title: `gradients of each example of ${of}`, graph: each, inputs: given },
  ];
}
