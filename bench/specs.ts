/** A network for us and for the others, as data: what each builds from it is the same. */
export interface Spec {
  readonly name: string;
  readonly batch: number;
  /** Height, width, channels. */
  readonly image: readonly [number, number, number];
  readonly classes: number;
  /** The first dense layer flattens. Convolutions pad as TensorFlow's `same`; pools do not pad. */
  readonly layers: readonly Layer[];
}

export type Layer =
  | { readonly kind: "conv"; readonly channels: number; readonly kernel: number; readonly stride: number }
  | { readonly kind: "pool"; readonly size: number }
  | { readonly kind: "dense"; readonly units: number }
  | { readonly kind: "dropout"; readonly keep: number }
  | { readonly kind: "lrelu" | "relu" | "tanh" };

const conv = (channels: number, kernel: number, stride: number): Layer => ({ kind: "conv", channels, kernel, stride });

/** pipelines/mnist.mtt */
export const post: Spec = {
  name: "post",
  batch: 256,
  image: [28, 28, 1],
  classes: 10,
  layers: [
    ...[8, 16, 32].flatMap((channels): readonly Layer[] => [conv(channels, 3, 2), { kind: "lrelu" }]),
    { kind: "dense", units: 32 },
    { kind: "dropout", keep: 0.5 },
    { kind: "lrelu" },
    { kind: "dense", units: 10 },
    { kind: "dropout", keep: 0.5 },
  ],
};

/** pipelines/book.mtt */
export const book: Spec = {
  name: "book",
  batch: 128,
  image: [28, 28, 1],
  classes: 10,
  layers: [
    ...[32, 64].flatMap((channels): readonly Layer[] => [
      conv(channels, 5, 1),
      { kind: "relu" },
      { kind: "pool", size: 2 },
    ]),
    { kind: "dense", units: 512 },
    { kind: "relu" },
    { kind: "dropout", keep: 0.5 },
    { kind: "dense", units: 10 },
  ],
};

/** A network nobody chose: two or three convolutions, one or two dense layers, of sizes, strides and activations by the seed. */
export function drawn(seed: number, number: number): Spec {
  const random = uniform(seed * 1000 + number);
  const pick = <T>(...of: readonly T[]): T => of[Math.floor(random() * of.length)]!;
  const image = pick<Spec["image"]>([28, 28, 1], [32, 32, 3], [24, 24, 2], [20, 20, 4]);
  const activation = pick<Layer>({ kind: "lrelu" }, { kind: "relu" }, { kind: "tanh" });
  const layers: Layer[] = [];
  let side = image[0];
  for (let depth = pick(2, 3); depth > 0; depth--) {
    const stride = side > 12 ? 2 : pick(1, 2);
    layers.push(conv(pick(6, 8, 12, 16, 24), pick(3, 5), stride), activation);
    side = Math.ceil(side / stride);
    if (side % 2 === 0 && random() < 0.3) {
      layers.push({ kind: "pool", size: 2 });
      side /= 2;
    }
  }
  for (let depth = pick(0, 1); depth > 0; depth--) layers.push({ kind: "dense", units: pick(24, 48, 96) }, activation);
  if (random() < 0.5) layers.push({ kind: "dropout", keep: 0.5 });
  layers.push({ kind: "dense", units: 10 });
  return { name: `drawn ${number}`, batch: 256, image, classes: 10, layers };
}

/** `32x32x3: conv 16 k3 s2, tanh, dense 10` */
export const showSpec = ({ image, layers }: Spec): string => `${image.join("x")}: ${layers.map(showLayer).join(", ")}`;

const showLayer = (layer: Layer): string => {
  switch (layer.kind) {
    case "conv":
      return `conv ${layer.channels} k${layer.kernel} s${layer.stride}`;
    case "pool":
      return `pool ${layer.size}`;
    case "dense":
      return `dense ${layer.units}`;
    case "dropout":
      return `dropout ${layer.keep}`;
    default:
      return layer.kind;
  }
};

/** Numbers in [0, 1): Steele and Vigna's SplitMix with 32 bits of state. */
function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) / 2 ** 32;
  };
}
