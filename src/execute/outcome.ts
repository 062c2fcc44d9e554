import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import type { Dataset } from "../data/dataset.ts";
import type { Described } from "../data/describe.ts";
import type { Checkpoint } from "../plan/algorithm.ts";
import type { Json } from "../plan/json.ts";
import type { Tensor } from "../shape/tensor.ts";
import { type Hash, hashJson } from "../store/hash.ts";
import { decodeSafetensors, encodeSafetensors } from "../store/safetensors.ts";
import { STORE_FORMAT, Store, type StoredResult, type Warning } from "../store/store.ts";
import type { Figures } from "./events.ts";
import type { StepFailure } from "./failure.ts";

export type Arrays = Readonly<Record<string, Tensor>>;

/** What a step computed: figures by name, arrays by group (`parameters`, `optimizer`, `scores`). */
export interface Computed {
  readonly figures: Figures;
  readonly arrays: Readonly<Record<string, Arrays>>;
  /** Objects that are in the store already, by name: `scores.npy`. */
  readonly files?: Readonly<Record<string, Hash>>;
  /** What it took to compute, where that is measured. */
  readonly cost?: Figures;
  readonly warnings?: readonly Warning[];
}

/** What a step came to, for the steps that read it. */
export interface Outcome {
  readonly key: Hash;
  readonly status: "ran" | "cached";
  readonly seconds: number;
  readonly figures: Figures;
  /** What computing it took, its seconds among them, where that was measured: in no content and no key. */
  readonly cost?: Figures;
  /** What computing it warned of, then or now: in no content and no key. */
  readonly warnings?: readonly Warning[];
  /** Hash of figures and arrays: enters the keys of the steps that read it. */
  readonly content: Hash;
  /** Reads a group; a damaged one is computed again. */
  readonly arrays: (group: string) => Effect.Effect<Arrays, StepFailure>;
  readonly data?: Dataset;
  /** Of a data set: stays when its examples are let go. */
  readonly described?: Described;
  /** Objects of their own, too large to be read whole. */
  readonly files?: Readonly<Record<string, Hash>>;
  /** Of a `best`: the number of the member that it chose. */
  readonly choice?: number;
  /** Of a training: the key under which its epochs are kept. */
  readonly epochs?: Hash;
  /** Of a training: goes once more the way from the last epoch kept before this one, and keeps those that the program says. */
  readonly retrace?: (missing: number) => Effect.Effect<void, StepFailure>;
}

const GROUP = "/";

/** `parameters/layer0/W` belongs to the group `parameters` as `layer0/W`. */
export const grouped = (state: Checkpoint): Computed => {
  const arrays: Record<string, Record<string, Tensor>> = {};
  for (const [name, tensor] of Object.entries(state.arrays)) {
    const at = name.indexOf(GROUP);
    const group = at < 0 ? "values" : name.slice(0, at);
    arrays[group] ??= {};
    arrays[group][name.slice(at + 1)] = tensor;
  }
  return { figures: isFigures(state.figures) ? state.figures : {}, arrays };
};

/** The inverse of `grouped`. */
export const ungrouped = ({ figures, arrays }: Computed): Checkpoint => ({
  figures,
  arrays: Object.fromEntries(
    Object.entries(arrays).flatMap(([group, named]) =>
      Object.entries(named).map(([name, tensor]) => [`${group}${GROUP}${name}`, tensor]),
    ),
  ),
});

export const isFigures = (value: Json): value is Figures =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Hash of what a result holds, whoever computed it and when. */
export const contentOf = ({ figures, arrays, files }: Pick<StoredResult, "figures" | "arrays" | "files">): Hash =>
  hashJson({ figures, arrays, ...(files === undefined ? {} : { files }) });

/** What a result took, where it was measured. */
export const costOf = ({ seconds, cost }: Pick<StoredResult, "seconds" | "cost">): Pick<Outcome, "cost"> =>
  cost === undefined || !isFigures(cost) ? {} : { cost: { seconds, ...cost } };

/** What a result is stored under, and what is said of it. */
export interface Label {
  readonly key: Hash;
  readonly kind: string;
  readonly name: string;
  readonly preimage: Json;
}

export const storeComputed = Effect.fnUntraced(function* (
  label: Label,
  computed: Computed,
  seconds: number,
  at?: number,
) {
  const store = yield* Store;
  const arrays: Record<string, { readonly object: string }> = {};
  for (const [group, named] of Object.entries(computed.arrays)) {
    arrays[group] = { object: yield* store.putObject(encodeSafetensors(named)) };
  }
  const result: StoredResult = {
    format: STORE_FORMAT,
    ...label,
    figures: computed.figures,
    arrays,
    ...(computed.files === undefined
      ? {}
      : { files: Object.fromEntries(Object.entries(computed.files).map(([name, object]) => [name, { object }])) }),
    seconds,
    ...(computed.cost === undefined ? {} : { cost: computed.cost }),
    ...(computed.warnings === undefined || computed.warnings.length === 0 ? {} : { warnings: computed.warnings }),
    finished: Date.now(),
  };
  yield* store.putResult(result, at);
  return result;
});

/** Files of a stored result, by name. */
export const filesOf = ({ files = {} }: StoredResult): Readonly<Record<string, Hash>> =>
  Object.fromEntries(Object.entries(files).map(([name, { object }]) => [name, object]));

/** All arrays of a stored result, or nothing if one is missing, damaged or not of this format. */
export const loadComputed = Effect.fnUntraced(function* (result: StoredResult) {
  const store = yield* Store;
  const arrays: Record<string, Arrays> = {};
  for (const [group, { object }] of Object.entries(result.arrays)) {
    const bytes = yield* store.getObject(object);
    if (Option.isNone(bytes)) return Option.none<Computed>();
    const decoded = Option.liftThrowable(decodeSafetensors)(bytes.value);
    if (Option.isNone(decoded)) return Option.none<Computed>();
    arrays[group] = decoded.value;
  }
  return Option.some<Computed>({ figures: isFigures(result.figures) ? result.figures : {}, arrays });
});
