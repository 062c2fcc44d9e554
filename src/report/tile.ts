import { encode } from "fast-png";
import type { Dataset } from "../data/dataset.ts";
import { columnOf, gather } from "../data/gather.ts";
import { type Html, html, trusted } from "./html.ts";
import { showNumber } from "./number.ts";
import { imageOf, pixelsOf, SIDE } from "./pixels.ts";

/** Numbers of a vector that stand beside its line. */
const NUMBERS = 6;
/** Points of a vector's line, and fields of a row: more say nothing in so little room. */
const POINTS = 400;
const FIELDS = 24;

/** `label 7`: the classes of an example. */
export const labelsOf = (data: Dataset, at: number): string =>
  [...data.columns.values()]
    .filter(({ field }) => field.classes !== undefined)
    .map(({ field }) => `${field.name} ${columnOf(data, field.name).data[data.index[at]!]}`)
    .join(", ");

/** The example at a position: its image, or its numbers where it has none, its label, a link to its line, and lines of its own. */
export const tile = (data: Dataset, at: number, link: Html, ...notes: readonly (string | undefined)[]): Html => {
  const labels = labelsOf(data, at);
  const image = imageOf(data);
  const seen = image === undefined ? row(data, at) : picture(data, image, at, `${labels} (example ${data.index[at]})`);
  const lines = notes.flatMap((note) => (note === undefined ? [] : [html`<br>${note}`]));
  return html`<li><figure>${seen}<figcaption>${labels === "" ? "" : html`${labels}<br>`}${link}${lines}</figcaption></figure></li>`;
};

/** About the bytes that a tile and its line among the examples take, if its pixels cannot be compressed. */
export const tileBytes = (data: Dataset): number => {
  const image = imageOf(data);
  if (image === undefined) return 2000;
  const [height = 0, width = 0, channels = 1] = columnOf(data, image).field.type.shape;
  return 800 + (4 / 3) * Math.min(height, SIDE) * Math.min(width, SIDE) * channels;
};

/** Pixels as a PNG in the page. */
const picture = (data: Dataset, field: string, at: number, text: string): Html => {
  const { width, height, channels, bytes } = pixelsOf(data, field, at);
  const png = Buffer.from(encode({ width, height, data: bytes, channels, depth: 8 })).toString("base64");
  return html`<img src="data:image/png;base64,${png}" width="${width}" height="${height}" alt="${text}">`;
};

/** Scalars as a small table, a vector as a line with its first numbers. */
const row = (data: Dataset, at: number): Html => {
  const fields = [...data.columns.values()].filter(({ field }) => field.classes === undefined);
  const lines = fields.slice(0, FIELDS).map(({ field: { name } }) => {
    const { data: values } = gather(data, name, Int32Array.of(at), "f32");
    const first = [...values.subarray(0, NUMBERS)].map(showNumber).join(", ");
    return html`<tr><th scope="row">${name}</th><td class="n">${values.length > 1 ? line(values) : ""}${first}${values.length > NUMBERS ? ` … (${showNumber(values.length)})` : ""}</td></tr>`;
  });
  const more = fields.length - lines.length;
  return html`<table class="row"><tbody>${lines}</tbody></table>${more > 0 ? html`<small>and ${more} fields more</small>` : ""}`;
};

/** A vector's values from left to right. */
const line = (values: ArrayLike<number>): Html => {
  const every = Math.ceil(values.length / POINTS);
  const shown = Array.from({ length: Math.ceil(values.length / every) }, (_, i) => values[i * every]!);
  const least = Math.min(...shown);
  const reach = Math.max(...shown) - least || 1;
  const points = shown.map(
    (value, i) =>
      `${((100 * i) / (shown.length - 1 || 1)).toFixed(1)},${(22 - (20 * (value - least)) / reach).toFixed(1)}`,
  );
  return trusted(
    `<svg class="line" viewBox="0 0 100 24" aria-hidden="true"><polyline points="${points.join(" ")}"/></svg>`,
  );
};
