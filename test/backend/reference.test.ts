import { layerReference } from "../../src/backend/reference.ts";
import { suite } from "./suite.ts";

suite("reference", layerReference, { tolerance: { f32: 0, f64: 0 }, edges: true });
