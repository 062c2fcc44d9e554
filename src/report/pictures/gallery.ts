import * as Effect from "effect/Effect";
import { html } from "../html.ts";
import { cannotShow, type Picture, readArgument } from "../picture.ts";
import { imageOf, tile } from "./examples.ts";
import { influenceGallery } from "./influence-gallery.ts";

const TOP = 8;

/** The first examples of a data set, or the examples behind what an influence step asked: each with its label and its index in the source. */
export const gallery: Picture = Effect.fnUntraced(function* ({ of = null, top = TOP }, inputs) {
  const argument = yield* readArgument(of, inputs);
  const most = typeof top === "number" ? Math.max(1, Math.floor(top)) : TOP;
  if (argument.kind === "step" && argument.asked !== undefined)
    return yield* influenceGallery(argument.name, argument.shown, argument.asked, most);
  const data = argument.kind === "step" ? argument.shown.data : undefined;
  if (argument.kind !== "step" || data === undefined) {
    return yield* cannotShow(
      "`gallery` shows the examples of a data set, or those behind an `influence` step",
      "`gallery(digits.test |> take(8))`, `gallery(blame)`",
    );
  }
  if (imageOf(data) === undefined) {
    return yield* cannotShow(
      `\`${argument.name}\` has no images`,
      "an image is f32[height, width, 1] or f32[height, width, 3]",
    );
  }
  const count = Math.min(data.index.length, most);
  const tiles = Array.from({ length: count }, (_, at) => tile(data, at));
  return html`<section><h2>Examples</h2><p>The first ${count} of <code>${argument.name}</code>.</p><div class="gallery">${tiles}</div></section>`;
});
