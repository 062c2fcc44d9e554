import type { View as LaidView } from "../view.ts";
import type { OnnxValue } from "./model.ts";

export {
  align,
  arrange,
  broadcastShape,
  canonical,
  grouped,
  plain,
  reorder,
  sizes,
  split,
  withoutOnes,
} from "../view.ts";

/** How an IR value lies in an ONNX value. */
export type View = LaidView<OnnxValue>;
