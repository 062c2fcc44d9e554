import type { Drawing } from "./drawing.ts";
import { toDot } from "./drawing.ts";

/** Graphviz, as WebAssembly that needs no file; loaded once, and only by who draws. */
let loaded: Promise<Draw> | undefined;
type Draw = (dot: string) => string;

const graphviz = (): Promise<Draw> => {
  loaded ??= import("@viz-js/viz")
    .then(({ instance }) => instance())
    .then((viz) => (dot) => viz.renderString(dot, { format: "svg", graphAttributes: { bgcolor: "transparent" } }));
  return loaded;
};

/** Ink that is read on a light page and on a dark one: as the page says that holds it, or by itself as the viewer prefers. */
const style = `<style>
.mtt-drawing:root { color-scheme: light dark }
.mtt-drawing {
  --ink: light-dark(#1c1e22, #e6e7ea); --line: light-dark(#6b7280, #9aa1ad);
  text { fill: var(--ink) }
  .node :not(text) { stroke: var(--line) }
  .edge :not(text) { stroke: var(--line) }
  .edge polygon { fill: var(--line) }
}
</style>`;

/** As one SVG element, laid out by Graphviz. */
export const toSvg = async (drawing: Drawing): Promise<string> => {
  const svg = (await graphviz())(toDot(drawing));
  // From the element on: what stands before it is for files of their own, and tells the library's version.
  return svg
    .slice(svg.indexOf("<svg"))
    .replace(/<svg([^>]*>)/, (_, rest) => `<svg class="mtt-drawing"${rest}\n${style}`);
};
