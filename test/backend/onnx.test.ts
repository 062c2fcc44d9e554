import { layerOnnx } from "../../src/backend/onnx.ts";
import { suite } from "./suite.ts";

suite("onnx on the cpu", layerOnnx({ threads: 1 }), { tolerance: { f32: 3e-6, f64: 1e-12 }, edges: true });
