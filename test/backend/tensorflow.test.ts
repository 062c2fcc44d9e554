import { layerTensorflow } from "../../src/backend/tensorflow.ts";
import { suite } from "./suite.ts";

suite("tensorflow on the cpu", layerTensorflow({ threads: 2 }), {
  tolerance: { f32: 3e-6, f64: 1e-12 },
  edges: true,
  flushes: true,
});
