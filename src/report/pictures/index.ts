import type { Picture } from "../picture.ts";
import { certificate } from "./certificate.ts";
import { confusion } from "./confusion.ts";
import { curves } from "./curves.ts";
import { gallery } from "./gallery.ts";
import { histogram } from "./histogram.ts";
import { scatter } from "./scatter.ts";
import { summary } from "./summary.ts";
import { table } from "./table.ts";

/** One row for each picture that a program may ask for: check/builtins-report.ts declares them. */
export const pictures = {
  summary,
  curves,
  confusion,
  gallery,
  histogram,
  scatter,
  table,
  certificate,
} as const satisfies {
  readonly [name: string]: Picture;
};

export type PictureName = keyof typeof pictures;

export const isPicture = (name: unknown): name is PictureName =>
  typeof name === "string" && Object.hasOwn(pictures, name);
