import { layer as nodeServices } from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { readRows } from "../src/execute/array-file.ts";
import { SCORES } from "../src/execute/kinds/influence.ts";
import type { Outcome } from "../src/execute/outcome.ts";
import { layerFileSystem } from "../src/store/file-system.ts";

/** All scores of an influence step, from its store. */
export const scoresIn = async (store: string, outcome: Outcome | undefined): Promise<Float64Array> => {
  const file = outcome?.files?.[SCORES];
  if (file === undefined) throw new Error("the step has no scores");
  const services = layerFileSystem(store).pipe(Layer.provideMerge(nodeServices));
  const rows = readRows(file, 0, Number(outcome?.figures.test)).pipe(Effect.provide(services));
  return Float64Array.from((await Effect.runPromise(rows)).data);
};

/** ‖a - b‖ / ‖b‖ */
export const apart = (a: Float64Array, b: Float64Array): number =>
  Math.sqrt(
    a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / b.reduce((sum, value) => sum + value * value, 0),
  );
