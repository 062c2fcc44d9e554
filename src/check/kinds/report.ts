import { list, opaque, text } from "../want.ts";
import { field, figures, type Kind } from "./kind.ts";

export const report: Kind = {
  fields: [
    field("show", list(opaque("picture")), "The pictures, one below the other."),
    field("title", text, "The heading.", "the report's name"),
  ],
  figures: () => figures({ file: { kind: "string" } }),
  check: () => {},
};
