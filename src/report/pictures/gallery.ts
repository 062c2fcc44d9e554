import * as Effect from "effect/Effect";
import { encode } from "fast-png";
import type { Dataset } from "../../data/dataset.ts";
import { columnOf, gather } from "../../data/gather.ts";
import { type Html, html } from "../html.ts";
import { cannotShow, type Picture, readArgument } from "../picture.ts";

const TOP = 8;

/** The first examples of a data set as images, each with its label and its number in the source. */
export const gallery: Picture = Effect.fnUntraced(function* ({ of = null, top = TOP }, inputs) {
  const argument = yield* readArgument(of, inputs);
  const data = argument.kind === "step" ? argument.shown.data : undefined;
  if (argument.kind !== "step" || data === undefined) {
    return yield* cannotShow("`gallery` shows the images of a data set", "`gallery(digits.test |> take(8))`");
  }
  const image = [...data.columns.values()].find(({ field }) => isPicture(field.type.shape));
  if (image === undefined) {
    return yield* cannotShow(
      `\`${argument.name}\` has no images`,
      "an image is f32[height, width, 1] or f32[height, width, 3]",
    );
  }
  const count = Math.min(data.index.length, typeof top === "number" ? Math.max(1, Math.floor(top)) : TOP);
  const tiles = Array.from({ length: count }, (_, at) => tile(data, image.field.name, at));
  return html`<section><h2>Examples</h2><p>The first ${count} of <code>${argument.name}</code>.</p><div class="gallery">${tiles}</div></section>`;
});

const isPicture = (shape: readonly number[]): boolean => shape.length === 3 && (shape[2] === 1 || shape[2] === 3);

/** One example: its pixels as a PNG in the page, and what stands beside them in the data. */
const tile = (data: Dataset, name: string, at: number): Html => {
  const { data: pixels, shape } = gather(data, name, Int32Array.of(at), "f32");
  const [, height = 0, width = 0, channels = 1] = shape;
  const bytes = Uint8Array.from(pixels, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  const png = Buffer.from(encode({ width, height, data: bytes, channels, depth: 8 })).toString("base64");
  const labels = [...data.columns.values()].filter(({ field }) => field.classes !== undefined);
  const index = data.index[at]!;
  const text = labels.map(({ field }) => `${field.name} ${columnOf(data, field.name).data[index]}`).join(", ");
  return html`<figure><img src="data:image/png;base64,${png}" width="${width}" height="${height}" alt="${text} (example ${index})"><figcaption>${text}<br><small>#${index}</small></figcaption></figure>`;
};
