import { existsSync } from "node:fs";
import { expect, it } from "vitest";
import { layerOnnx } from "../../src/backend/onnx.ts";
import { suite } from "./suite.ts";

suite("onnx on the cpu", layerOnnx({ threads: 1 }), { tolerance: { f32: 3e-6, f64: 1e-12 }, edges: true });

// On a GPU, or on SwiftShader where Debian's chromium and libvulkan1 are installed and VK_ICD_FILENAMES names its driver. Part of the run where
// MTT_TEST_WEBGPU=1 asks for it, as it takes minutes without a GPU; a missing driver is a failure then.
if (process.env.MTT_TEST_WEBGPU === "1") {
  it("webgpu has the driver that VK_ICD_FILENAMES names", () => {
    const drivers = (process.env.VK_ICD_FILENAMES ?? "").split(":").filter((file) => file !== "");
    const missing = drivers.filter((file) => !existsSync(file));
    expect(missing, "apt-get install chromium libvulkan1 brings /usr/lib/chromium/vk_swiftshader_icd.json").toEqual([]);
  });
  suite("onnx on webgpu", layerOnnx({ device: "webgpu", threads: 1 }), {
    tolerance: { f32: 1e-5, f64: 1e-12 },
    // All that WGSL promises of them (https://www.w3.org/TR/WGSL/#floating-point-accuracy).
    loose: { sine: 2 ** -11, cosine: 2 ** -11 },
    edges: false,
  });
}
