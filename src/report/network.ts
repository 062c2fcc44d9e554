import { type Html, html, trusted } from "./html.ts";
import type { Row } from "./picture.ts";

interface Stage {
  readonly type: string;
  /** What makes it of the one before: several where the shape stays. */
  readonly labels: readonly string[];
}

/** The arrays that an example becomes on its way through the network, drawn by their sizes; the table beside it says the same. */
export const networkPicture = (fields: readonly string[], rows: readonly Row[]): Html => {
  const stages: { type: string; labels: string[] }[] = [];
  // The last row is the whole.
  for (const { stage, output } of rows.slice(0, -1)) {
    const last = stages.at(-1);
    if (last?.type === output) last.labels.push(stage);
    else stages.push({ type: output, labels: [stage] });
  }
  const inputs = fields.map((field): Stage => ({ type: field.replace(/^\S+ /, ""), labels: [field.split(" ")[0]!] }));
  if (stages.length === 0) return html``;
  return html`<ol class="network" aria-label="What an example becomes, stage by stage">${[...inputs, ...stages].map(
    ({ type, labels }) =>
      html`<li>${block(type)}<span><code>${sizesOf(type).join(" × ") || "1"}</code><br>${labels.map((label, i) => html`${i === 0 ? "" : html`<br>`}${label}`)}</span></li>`,
  )}</ol>`;
};

const sizesOf = (type: string): readonly number[] =>
  (/\[([\d, ]*)\]/.exec(type)?.[1] ?? "")
    .split(",")
    .map(Number)
    .filter((size) => size > 0);

/** Lengths grow with the logarithm, so that 512 and 10 fit into one picture. */
const length = (size: number, base: number, step: number): number => base + step * Math.log2(1 + size);

const HEIGHT = 96;

/** An array of three axes as a box, of two as a sheet, of one as a bar. */
const block = (type: string): Html => {
  const sizes = sizesOf(type).slice(-3);
  const [h, w, depth] =
    sizes.length === 3
      ? [length(sizes[0]!, 4, 9), length(sizes[1]!, 4, 9), length(sizes[2]!, 2, 4)]
      : sizes.length === 2
        ? [length(sizes[0]!, 4, 9), length(sizes[1]!, 4, 9), 0]
        : [length(sizes[0] ?? 1, 4, 9), 12, 0];
  const [slant, rise] = [depth, depth * 0.6];
  const width = w + slant + 2;
  const top = HEIGHT - h - 1;
  const points = (...pairs: readonly (readonly [number, number])[]): string =>
    pairs.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const face = points([1, top], [1 + w, top], [1 + w, top + h], [1, top + h]);
  const lid = points([1, top], [1 + slant, top - rise], [1 + w + slant, top - rise], [1 + w, top]);
  const side = points([1 + w, top], [1 + w + slant, top - rise], [1 + w + slant, top + h - rise], [1 + w, top + h]);
  const hidden = depth === 0 ? "" : `<polygon class="lid" points="${lid}"/><polygon class="side" points="${side}"/>`;
  return trusted(
    `<svg width="${width.toFixed(0)}" height="${HEIGHT}" viewBox="0 0 ${width.toFixed(1)} ${HEIGHT}" aria-hidden="true"><polygon points="${face}"/>${hidden}</svg>`,
  );
};
