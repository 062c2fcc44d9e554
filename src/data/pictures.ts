import type { Field } from "../plan/dataset.ts";
import { sameShape } from "../shape/tensor.ts";
import { refuse } from "./error.ts";
import { showField } from "./view.ts";

/** The two fields of a data set of labelled pictures, as declared; refuses what the pictures cannot be. */
export const pictureFields = (
  source: string,
  fields: readonly Field[],
  shape: readonly number[],
  classes: number,
): { readonly image: Field; readonly label: Field } => {
  const image = fields.find((field) => field.classes === undefined);
  const label = fields.find((field) => field.classes !== undefined);
  const wanted = `f32[${shape.join(", ")}]`;
  if (
    fields.length !== 2 ||
    image === undefined ||
    label === undefined ||
    !sameShape(image.type.shape, shape) ||
    label.classes !== classes ||
    (image.type.dtype !== "f32" && image.type.dtype !== "f64")
  ) {
    const found = fields.map((field) => `${field.name}: ${showField(field)}`).join(", ");
    return refuse("MTT5508", {
      message: `${source} holds { image: ${wanted}, label: class[${classes}] }, and the program declares { ${found} }`,
      expected: `image: ${wanted}, label: class[${classes}]`,
      found,
      help: `declare the fields as ${source} has them, and change them with \`map\``,
    });
  }
  return { image, label };
};
