import type { Field } from "../plan/dataset.ts";
import type { Column } from "./dataset.ts";
import { refuse } from "./error.ts";

/** Every label in 0 … classes - 1. */
export const checkLabels = (
  data: Column["data"],
  field: Field,
  file: string,
  offsetOf?: (row: number) => number,
): void => {
  const classes = field.classes!;
  for (let row = 0; row < data.length; row++) {
    const label = data[row]!;
    if (label >= 0 && label < classes && Number.isInteger(label)) continue;
    refuse("MTT5507", {
      message: `${file}: example ${row} has the label ${label}, and \`${field.name}\` is class[${classes}]: 0 to ${classes - 1}`,
      file,
      ...(offsetOf === undefined ? {} : { offset: offsetOf(row) }),
      expected: `0 to ${classes - 1}`,
      found: String(label),
      help: `if the data has more classes, declare class[${Number.isInteger(label) && label >= classes ? label + 1 : "n"}]`,
    });
  }
};

/** Checked labels as every reader keeps them, so that one set of labels has one hash: bytes where they fit. */
export const packLabels = (data: Column["data"], field: Field): Column["data"] => {
  if (field.classes! > 256) return data instanceof Int32Array ? data : Int32Array.from(data);
  return data instanceof Uint8Array ? data : Uint8Array.from(data);
};
