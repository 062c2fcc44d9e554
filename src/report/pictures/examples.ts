import { encode } from "fast-png";
import type { Dataset } from "../../data/dataset.ts";
import { columnOf, gather } from "../../data/gather.ts";
import { type Html, html } from "../html.ts";
import { showNumber } from "../number.ts";

/** Numbers of an example that is no image. */
const NUMBERS = 6;

/** The field that is shown as a picture: the first of f32[height, width, 1] or f32[height, width, 3]. */
export const imageOf = (data: Dataset): string | undefined =>
  [...data.columns.values()].find(({ field: { type } }) => type.shape.length === 3 && [1, 3].includes(type.shape[2]!))
    ?.field.name;

/** The example at a position: its image, or its numbers where it has none, its label, its index in the source, and a line of its own. */
export const tile = (data: Dataset, at: number, note?: string): Html => {
  const index = data.index[at]!;
  const labels = [...data.columns.values()].filter(({ field }) => field.classes !== undefined);
  const text = labels.map(({ field }) => `${field.name} ${columnOf(data, field.name).data[index]}`).join(", ");
  const image = imageOf(data);
  const seen = image === undefined ? numbers(data, at) : picture(data, image, at, `${text} (example ${index})`);
  return html`<figure>${seen}<figcaption>${text}<br><small>#${index}</small>${note === undefined ? undefined : html`<br>${note}`}</figcaption></figure>`;
};

/** Pixels as a PNG in the page. */
const picture = (data: Dataset, field: string, at: number, text: string): Html => {
  const { data: pixels, shape } = gather(data, field, Int32Array.of(at), "f32");
  const [, height = 0, width = 0, channels = 1] = shape;
  const bytes = Uint8Array.from(pixels, (value) => Math.round(255 * Math.min(1, Math.max(0, value))));
  const png = Buffer.from(encode({ width, height, data: bytes, channels, depth: 8 })).toString("base64");
  return html`<img src="data:image/png;base64,${png}" width="${width}" height="${height}" alt="${text}">`;
};

const numbers = (data: Dataset, at: number): Html => {
  const lines = [...data.columns.values()]
    .filter(({ field }) => field.classes === undefined)
    .map(({ field: { name } }) => {
      const { data: values } = gather(data, name, Int32Array.of(at), "f32");
      const shown = [...values.subarray(0, NUMBERS)].map(showNumber).join(", ");
      return html`<code>${name} ${shown}${values.length > NUMBERS ? " …" : ""}</code><br>`;
    });
  return html`<p>${lines}</p>`;
};
