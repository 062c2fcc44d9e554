import { figures, type Kind } from "./kind.ts";
import { train } from "./train.ts";

/** A family of models: the base's fields, some of them `each([…])`. */
export const sweep: Kind = {
  fields: train.fields,
  figures: () => figures({}),
  check: (c, site) => train.check(c, site),
};
