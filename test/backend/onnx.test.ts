import * as Effect from "effect/Effect";
import { expect, it } from "vitest";
import { layerOnnx, onnx } from "../../src/backend/onnx.ts";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { suite } from "./suite.ts";

suite("onnx on the cpu", layerOnnx({ threads: 1 }), { tolerance: { f32: 3e-6, f64: 1e-12 }, edges: true });

it("fills arrays that were spent, and makes no others", async () => {
  const size = 8_000_000;
  const b = new GraphBuilder();
  const graph = b.build([b.apply("negate", [b.input("x", { dtype: "f32", shape: [size] })], {})]);
  const x = tensor("f32", [size], new Float32Array(size).fill(3));
  const held = () => process.memoryUsage().arrayBuffers;
  const run = Effect.gen(function* () {
    const session = yield* onnx({ threads: 1 }).open({ graph, resident: 0, updated: 0 }, []);
    const spent = yield* session.run([x]);
    const before = held();
    const again = yield* session.run([x], spent);
    return { grown: held() - before, same: again[0]!.data === spent[0]!.data, value: again[0]!.data[size - 1] };
  });
  const { grown, same, value } = await Effect.runPromise(Effect.scoped(run));
  expect({ same, value }).toEqual({ same: true, value: -3 });
  expect(grown).toBeLessThan(size);
});
