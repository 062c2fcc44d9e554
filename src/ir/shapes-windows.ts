import {
  type Axis,
  add,
  axisEquals,
  type Dim,
  divideExactly,
  isSpread,
  multiply,
  type SymbolicPadding,
  showDim,
  subtract,
  window,
} from "../shape/dim.ts";
import { refuse, type ShapeMismatch } from "./mismatch.ts";
import type { Conv, Patches } from "./primitives.ts";

type Op = ShapeMismatch["op"];
type Shape = readonly Axis[];
type SymbolicConv = Conv<Axis, SymbolicPadding>;
type SymbolicPatches = Patches<Axis, SymbolicPadding>;

/** What a dilated kernel covers: (k - 1) dilation + 1. */
export const dilated = (kernel: Dim, dilation: Dim): Dim => add(multiply(subtract(kernel, 1), dilation), 1);

/** x [n, h, w, c], w [kh, kw, c / groups, o] -> [n, h', w', o] */
export function conv2dShape(conv: SymbolicConv, x: Shape, w: Shape): Shape {
  const op = "conv2d";
  const [n, height, width, channels] = four(op, 0, x, "[n, h, w, channels]");
  const [kh, kw, part, out] = four(op, 1, w, "[kernel height, kernel width, channels / groups, out]");
  const groups = size(op, "groups", conv.groups);
  demand(op, 1, w, 2, exact(op, "groups", channels, groups), part, 0);
  exact(op, "groups", out, groups);
  return [n, ...slide(op, conv, [height, width], [kh, kw]), out];
}

/** dy [n, h', w', o], w [kh, kw, c / groups, o] -> x [n, h, w, c] */
export function inputGradientShape(
  conv: SymbolicConv & { readonly input_size: readonly [Axis, Axis] },
  dy: Shape,
  w: Shape,
): Shape {
  const op = "conv2d_input_gradient";
  const [n, , , out] = four(op, 0, dy, "[n, h', w', out]");
  const [kh, kw, part, wOut] = four(op, 1, w, "[kernel height, kernel width, channels / groups, out]");
  const input = pair(op, "input_size", conv.input_size);
  const groups = size(op, "groups", conv.groups);
  exact(op, "groups", wOut, groups);
  demandAll(op, 0, dy, [n, ...slide(op, conv, input, [kh, kw]), wOut]);
  demand(op, 1, w, 3, out, wOut, 0);
  return [n, ...input, multiply(part, groups)];
}

/** x [n, h, w, c], dy [n, h', w', o] -> w [kh, kw, c / groups, o] */
export function filterGradientShape(
  conv: SymbolicConv & { readonly kernel_size: readonly [Axis, Axis] },
  x: Shape,
  dy: Shape,
): Shape {
  const op = "conv2d_filter_gradient";
  const [n, height, width, channels] = four(op, 0, x, "[n, h, w, channels]");
  const [, , , out] = four(op, 1, dy, "[n, h', w', out]");
  const kernel = pair(op, "kernel_size", conv.kernel_size);
  const groups = size(op, "groups", conv.groups);
  exact(op, "groups", out, groups);
  demandAll(op, 1, dy, [n, ...slide(op, conv, [height, width], kernel), out]);
  return [...kernel, exact(op, "groups", channels, groups), out];
}

/** x [n, h, w, c] -> patches [n, h', w', kh, kw, c] */
export function unfoldShape(patches: SymbolicPatches, x: Shape): Shape {
  const op = "unfold";
  const [n, height, width, channels] = four(op, 0, x, "[n, h, w, channels]");
  const kernel = pair(op, "kernel", patches.kernel);
  return [n, ...slide(op, patches, [height, width], kernel), ...kernel, channels];
}

/** patches [n, h', w', kh, kw, c] -> x [n, h, w, c] */
export function foldShape(patches: SymbolicPatches & { readonly input_size: readonly [Axis, Axis] }, x: Shape): Shape {
  const op = "fold";
  if (x.length !== 6 || x.some(isSpread))
    refuse(op, { kind: "rank", operand: 0, wanted: "[n, h', w', kh, kw, channels]", got: x });
  const kernel = pair(op, "kernel", patches.kernel);
  const input = pair(op, "input_size", patches.input_size);
  demandAll(op, 0, x, [x[0]!, ...slide(op, patches, input, kernel), ...kernel, x[5]!]);
  return [x[0]!, ...input, x[5]!];
}

/** Heights and widths of the places a window visits. */
function slide(
  op: Op,
  params: Pick<SymbolicConv, "stride" | "dilation" | "padding">,
  input: readonly [Dim, Dim],
  kernel: readonly [Dim, Dim],
): readonly [Dim, Dim] {
  const stride = pair(op, "stride", params.stride);
  const dilation = pair(op, "dilation", params.dilation);
  const along = (i: 0 | 1): Dim => {
    const extent = dilated(kernel[i], dilation[i]);
    const out = window(input[i], extent, stride[i], params.padding);
    return out ?? refuse(op, { kind: "window", operand: 0, axis: i + 1, size: input[i], kernel: extent });
  };
  return [along(0), along(1)];
}

function four(op: Op, operand: number, shape: Shape, wanted: string): readonly [Dim, Dim, Dim, Dim] {
  const [a, b, c, d] = shape;
  if (shape.length !== 4 || isSpread(a!) || isSpread(b!) || isSpread(c!) || isSpread(d!))
    return refuse(op, { kind: "rank", operand, wanted, got: shape });
  return [a!, b!, c!, d!];
}

/** One positive size. */
function size(op: Op, name: string, value: Axis): Dim {
  if (isSpread(value)) return refuse(op, { kind: "parameter", name, message: `...${value.spread} is not one size` });
  if (typeof value === "number" && !(Number.isInteger(value) && value >= 1))
    return refuse(op, { kind: "parameter", name, message: `${value} is not positive` });
  return value;
}

const pair = (op: Op, name: string, [y, x]: readonly [Axis, Axis]): readonly [Dim, Dim] => [
  size(op, name, y),
  size(op, name, x),
];

function exact(op: Op, name: string, total: Dim, parts: Dim): Dim {
  const message = `${showDim(parts)} does not divide ${showDim(total)} channels`;
  return divideExactly(total, parts) ?? refuse(op, { kind: "parameter", name, message });
}

function demand(op: Op, operand: number, shape: Shape, axis: number, expected: Axis, got: Axis, against: number): void {
  if (!axisEquals(expected, got))
    refuse(op, { kind: "axes", operand, against, shape, axes: [{ axis, expected, got }] });
}

function demandAll(op: Op, operand: number, shape: Shape, wanted: Shape): void {
  if (shape.length !== wanted.length)
    refuse(op, { kind: "rank", operand, wanted: `${wanted.length} axes`, got: shape });
  const axes = wanted.flatMap((expected, axis) =>
    axisEquals(expected, shape[axis]!) ? [] : [{ axis, expected, got: shape[axis]! }],
  );
  if (axes.length > 0) refuse(op, { kind: "axes", operand, shape, axes });
}
