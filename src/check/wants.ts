import { isTensorType } from "./blocks.ts";
import type { Signature, Type } from "./checked.ts";
import { fitsType } from "./types.ts";
import type { Want } from "./want.ts";

/** Whether a value of the type may stand where `want` is taken. */
export function fitsWant(type: Type, want: Want): boolean {
  if (type.kind === "error") return true;
  switch (want.want) {
    case "any":
    case "condition":
      return true;
    case "int":
    case "string":
    case "bool":
    case "size":
    case "padding":
    case "dataset":
      return type.kind === want.want;
    case "float":
      return type.kind === "float" || type.kind === "int";
    case "opaque":
      return (
        fitsType(type, { kind: "opaque", name: want.name }) ||
        ((want.name === "metric" || want.name === "measure") && isBlock(type)) ||
        (want.name === "rate" && type.kind === "block" && isSchedule(type.signature))
      );
    case "value":
      return fitsType(type, want.type);
    case "words":
      return type.kind === "opaque" && type.name === "word";
    case "either":
      return want.of.some((one) => fitsWant(type, one));
    case "list":
      return type.kind === "list" && (type.items ?? [type.item]).every((item) => fitsWant(item, want.item));
    case "source":
      return type.kind === "dataset" || type.kind === "record";
    case "network":
      return type.kind === "block" && isNetwork(type.signature);
    case "block":
      return isBlock(type);
    case "step":
      return type.kind === "step" && want.steps.includes(type.step.step);
    case "type":
    case "types":
    case "files":
    case "field":
      return false;
  }
}

const isBlock = (type: Type): boolean => type.kind === "block";

/** A block of the step's number: `decay(step: f32[]) -> f32[]`. */
const isSchedule = ({ parameters, result, open, block }: Signature): boolean => {
  const needed = parameters.filter(({ optional }) => !optional);
  return (
    open === true ||
    (block !== undefined && needed.length === 1 && needed.every(({ type }) => isNumber(type)) && isNumber(result))
  );
};

const isNumber = (type: Type): boolean =>
  type.kind === "error" || (type.kind === "tensor" && type.axes.length === 0 && type.dtype === "f32");

export const isNetwork = (signature: Signature): boolean =>
  signature.block?.kind === "network" && signature.parameters.some(({ type }) => isTensorType(type));
