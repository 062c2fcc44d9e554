import type { Ops } from "./graph.ts";
import { type Reason, ShapeError } from "./mismatch.ts";
import type { Conv, Patches } from "./primitives.ts";
import { given, type Primitive, primitive, single, tensors } from "./surface-parameters.ts";

// The operations over height and width, on one example: [h, w, channels].

const x = given("tensor", "The example: height by width by channels.");
const W = given("tensor", "The kernels: height by width by channels in by channels out.");
const dy = given("tensor", "An array of the shape of the convolution's result.");
const kernel = given("size", "Height by width of the window.");
const size = given("size", "Height by width of the result.");
const oneByOne = (doc: string) => ({ kind: "size", default: [1, 1], doc }) as const;
const groups = { kind: "int", default: 1, doc: "Parts of the channels that are convolved by themselves." } as const;
const where = (pad: "same" | "valid") =>
  ({
    stride: oneByOne("How far the window moves, height by width."),
    pad: {
      kind: "padding",
      default: pad,
      doc: "`same` goes over the edges, `valid` stays within them.",
    },
    dilation: oneByOne("How far the places of the window are apart, height by width."),
  }) as const;

interface Where<D, W> {
  readonly stride: readonly [D, D];
  readonly pad: W;
  readonly dilation: readonly [D, D];
}

const convOf = <D, W>({ stride, pad, dilation, groups }: Where<D, W> & { readonly groups: D }): Conv<D, W> => ({
  stride,
  dilation,
  padding: pad,
  groups,
});

const patchesOf = <D, W>({ stride, pad, dilation }: Where<D, W>, kernel: readonly [D, D]): Patches<D, W> => ({
  kernel,
  stride,
  dilation,
  padding: pad,
});

export const windows = {
  conv2d: primitive(
    "conv2d",
    "x [h, w, c] with kernels [kh, kw, c / groups, out] -> [h', w', out]",
    { x, W, ...where("same"), groups },
    (ops, { x, W, ...rest }) => {
      const [image, kernel] = tensors(ops, "conv2d", [x, W]);
      return ofOneExample(ops, [image!], ([batch]) =>
        unbatched(ops, ops.apply("conv2d", [batch!, kernel!], convOf(rest))),
      );
    },
  ),
  conv2d_input_gradient: primitive(
    "conv2d_input_gradient",
    "the transpose of conv2d in its x, of this `size`: dy [h', w', out] with kernels [kh, kw, c / groups, out] -> [h, w, c]",
    { dy, W, size, ...where("same"), groups },
    (ops, { dy, W, size, ...rest }) => {
      const [slope, kernel] = tensors(ops, "conv2d_input_gradient", [dy, W]);
      const params = { ...convOf(rest), input_size: size };
      return ofOneExample(ops, [slope!], ([batch]) =>
        unbatched(ops, ops.apply("conv2d_input_gradient", [batch!, kernel!], params)),
      );
    },
  ),
  conv2d_filter_gradient: primitive(
    "conv2d_filter_gradient",
    "the transpose of conv2d in its W, with this `kernel`: x [h, w, c] with dy [h', w', out] -> [kh, kw, c / groups, out]",
    { x, dy, kernel, ...where("same"), groups },
    (ops, { x, dy, kernel, ...rest }) => {
      const params = { ...convOf(rest), kernel_size: kernel };
      return ofOneExample(ops, tensors(ops, "conv2d_filter_gradient", [x, dy]), (both) =>
        ops.apply("conv2d_filter_gradient", both, params),
      );
    },
  ),
  unfold: primitive(
    "unfold",
    "x [h, w, c] as the windows a kernel visits: [h', w', kh, kw, c]; places outside read `fill`",
    {
      x,
      kernel,
      ...where("valid"),
      fill: { kind: "float", default: 0, doc: "What places outside of the example read." },
    },
    (ops, { x, kernel, fill, ...rest }) => {
      const params = { ...patchesOf(rest, kernel), fill };
      return ofOneExample(ops, [single(ops, "unfold", x)], (batch) =>
        unbatched(ops, ops.apply("unfold", batch, params)),
      );
    },
  ),
  fold: primitive(
    "fold",
    "windows [h', w', kh, kw, c] added up where they overlap: [h, w, c]",
    {
      patches: given("tensor", "The windows: rows by columns by height by width by channels."),
      size,
      kernel,
      ...where("valid"),
    },
    (ops, { patches, size, kernel, ...rest }) => {
      const params = { ...patchesOf(rest, kernel), input_size: size };
      return ofOneExample(ops, [single(ops, "fold", patches)], (batch) =>
        unbatched(ops, ops.apply("fold", batch, params)),
      );
    },
  ),
} as const satisfies Readonly<Record<string, Primitive>>;

/** Runs an operation whose first operands are these, each as a batch of one example, and speaks of that example's axes when it refuses. */
function ofOneExample<V, D, W>(ops: Ops<V, D, W>, examples: readonly V[], run: (batches: readonly V[]) => V): V {
  try {
    const one = ops.sizes.of(1);
    return run(examples.map((v) => ops.apply("reshape", [v], { shape: [one, ...ops.typeOf(v).shape] })));
  } catch (error) {
    if (error instanceof ShapeError)
      throw new ShapeError({ op: error.mismatch.op, reason: ofExample(error.mismatch.reason, examples.length) });
    throw error;
  }
}

const unbatched = <V, D, W>(ops: Ops<V, D, W>, batch: V): V =>
  ops.apply("reshape", [batch], { shape: ops.typeOf(batch).shape.slice(1) });

function ofExample(reason: Reason, examples: number): Reason {
  if (!("operand" in reason) || reason.operand >= examples) return reason;
  switch (reason.kind) {
    case "rank":
      return { ...reason, got: reason.got.slice(1), wanted: reason.wanted.replace("[n, ", "[") };
    case "axes":
      return {
        ...reason,
        shape: reason.shape.slice(1),
        axes: reason.axes.map((conflict) => ({ ...conflict, axis: conflict.axis - 1 })),
      };
    case "window":
      return { ...reason, axis: reason.axis - 1 };
    default:
      return reason;
  }
}
