import * as Effect from "effect/Effect";
import { readBytes } from "../data/files.ts";
import { parseNpz } from "../data/npz.ts";
import { fileOf } from "../data/reach.ts";
import { nearMiss } from "../diagnostic/near-miss.ts";
import type { Network } from "../plan/network.ts";
import type { Training } from "../plan/training.ts";
import { isFloat } from "../shape/dtype.ts";
import { sizeOf } from "../shape/tensor.ts";
import { hashBytes } from "../store/hash.ts";
import { decodeSafetensors, encodeSafetensors } from "../store/safetensors.ts";
import { StepFailure } from "./failure.ts";
import type { Arrays } from "./outcome.ts";
import type { Setting } from "./setting.ts";

export interface WeightsFile {
  /** sha256 of the arrays as safetensors: the same weights are the same in every format. */
  readonly hash: string;
  readonly parameters: Arrays;
}

/** The file that `start: weights("…")` names, relative to the program: every weight and state of the network, and nothing else. */
export const weightsFile = Effect.fnUntraced(function* ({ start, network }: Training, { data }: Setting) {
  if (typeof start === "string") return undefined;
  const refuse = (why: string) =>
    new StepFailure({
      code: "MTT5404",
      message: `weights("${start.weights}"): ${why}`,
      help: "`start: weights(…)` takes a safetensors file, as `mtt export` writes it, or an .npz file, as `numpy.savez` does",
    });
  const file = yield* fileOf(data, start.weights);
  const bytes = yield* Effect.mapError(readBytes(file), (error) => refuse(error.message));
  const parameters = yield* Effect.try({
    try: () =>
      start.weights.endsWith(".npz") ? parseNpz(bytes, start.weights, npzLimit(network)) : decodeSafetensors(bytes),
    catch: (error) => refuse(error instanceof Error ? error.message : String(error)),
  });
  const misfit = misfitOf(network, parameters);
  if (misfit !== undefined) {
    return yield* new StepFailure({
      code: "MTT5203",
      message: `the weights ${start.weights} do not fit \`${network.name}\`: ${misfit.what}`,
      help: misfit.help,
    });
  }
  return { hash: hashBytes(encodeSafetensors(parameters)), parameters } satisfies WeightsFile;
});

/** What the network's weights and states take as f64, each with a header. */
const npzLimit = ({ weights, states }: Network): number =>
  [...weights, ...states].reduce((sum, { type }) => sum + 8 * sizeOf(type.shape) + NPY_HEADER, NPY_HEADER);
const NPY_HEADER = 2 ** 16;

const list = (names: readonly string[]): string => (names.length === 0 ? "nothing" : names.join(", "));

/** The first thing that does not fit: in the network's order, then in the file's. */
const misfitOf = (
  { weights, states }: Network,
  given: Arrays,
): { readonly what: string; readonly help: string } | undefined => {
  const wanted = [...weights, ...states];
  const paths = wanted.map(({ path }) => path);
  const strangers = Object.keys(given).filter((name) => !paths.includes(name));
  for (const { path, type } of wanted) {
    const found = given[path];
    const [needs, has] = [type.shape.join(", "), found?.shape.join(", ")];
    if (found === undefined) {
      const near = nearMiss(path, strangers);
      return {
        what: `it has no \`${path}\``,
        help: near === undefined ? `the file holds ${list(Object.keys(given))}` : `is it the file's \`${near}\`?`,
      };
    }
    if (needs !== has)
      return {
        what: `\`${path}\` is [${needs}], and the file's is [${has}]`,
        help: "`mtt shapes FILE` prints the network's weights with their shapes",
      };
    if (!isFloat(found.dtype))
      return {
        what: `\`${path}\` is ${type.dtype}, and the file's is ${found.dtype}`,
        help: "weights are f32 or f64: convert the file's",
      };
  }
  const stranger = strangers[0];
  if (stranger === undefined) return undefined;
  return {
    what: `the network has no \`${stranger}\``,
    help: `it has ${list(paths)}; a file that holds more belongs to another network`,
  };
};
