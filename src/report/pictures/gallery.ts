import * as Effect from "effect/Effect";
import { html } from "../html.ts";
import { cannotShow, type Picture, readArgument } from "../picture.ts";
import { tile } from "../tile.ts";
import { influenceGallery } from "./influence-gallery.ts";

const TOP = 8;

/** The first examples of a data set, or the examples behind what an influence step asked: each with its label and its index in the source. */
export const gallery: Picture = Effect.fnUntraced(function* ({ of = null, top = TOP }, inputs, page) {
  const argument = yield* readArgument(of, inputs);
  const most = typeof top === "number" ? Math.max(1, Math.floor(top)) : TOP;
  if (argument.kind === "step" && argument.asked !== undefined)
    return yield* influenceGallery(argument.name, argument.shown, argument.asked, most, page);
  const data = argument.kind === "step" ? argument.shown.data : undefined;
  if (argument.kind !== "step" || data === undefined) {
    return yield* cannotShow(
      "`gallery` shows the examples of a data set, or those behind an `influence` step",
      "`gallery(digits.test |> take(8))`, `gallery(blame)`",
    );
  }
  const count = page.examples.most(Math.min(data.index.length, most), data);
  const id = page.examples.place();
  const place = { id, text: `examples of ${argument.name}` };
  const tiles = Array.from({ length: count }, (_, at) => tile(data, at, page.examples.link(argument.shown, at, place)));
  return {
    title: "Examples of",
    of: argument.name,
    body: html`<p id="${id}">${count === data.index.length ? `All ${count}` : `The first ${count} of ${data.index.length}`}.</p><ul class="gallery">${tiles}</ul>`,
  };
});
