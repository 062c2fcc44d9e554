import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { evaluate } from "../ir/evaluate.ts";
import { type Backend, CurrentBackend } from "./backend.ts";

/** The IR interpreted in float64: the oracle of every test, and enough for small programs. */
export const reference: Backend = {
  name: "reference",
  device: "cpu",
  identity: "reference/1/cpu",
  // An f32 is held in 8 bytes, and answers are copied.
  overhead: 3,
  open: ({ graph, updated }, values) =>
    Effect.sync(() => {
      let resident = values.map((value) => ({ ...value, data: value.data.slice() }) as typeof value);
      return {
        run: (feeds) =>
          Effect.sync(() => {
            const outputs = evaluate(graph, [...resident, ...feeds]);
            resident = [...outputs.slice(0, updated), ...resident.slice(updated)];
            return outputs.slice(updated);
          }),
        read: Effect.sync(() => resident.map((value) => ({ ...value, data: value.data.slice() }) as typeof value)),
      };
    }),
};

export const layerReference: Layer.Layer<CurrentBackend> = Layer.succeed(CurrentBackend, reference);
