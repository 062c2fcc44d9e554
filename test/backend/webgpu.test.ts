import { existsSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { layerOnnx } from "../../src/backend/onnx.ts";
import { suite } from "./suite.ts";

/** Debian's chromium brings SwiftShader, a Vulkan driver that computes on the CPU; libvulkan1 loads it. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const LOADER = ["/usr/lib", "/usr/lib64", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];
const INSTALLED = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/** Drivers of GPUs may be installed where there is none; with one, the kernel has it here. */
const GPUS = "/dev/dri";

/** A GPU's driver where the machine has one, else SwiftShader. Only Linux asks for Vulkan. */
const drivers = (): readonly string[] => {
  const named = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  if (named !== undefined) return named.split(":");
  if (!existsSync(GPUS)) return [SWIFTSHADER];
  const own = INSTALLED.filter(existsSync).flatMap((folder) => readdirSync(folder).map((file) => `${folder}/${file}`));
  return own.length > 0 ? own : [SWIFTSHADER];
};

if (process.platform === "linux") {
  const found = drivers();
  process.env.VK_ICD_FILENAMES = found.join(":");
  it("webgpu has a Vulkan driver, and what loads it", () => {
    const help = "apt-get install chromium libvulkan1 brings a driver that needs no GPU, and its loader";
    expect(
      found.filter((file) => !existsSync(file)),
      help,
    ).toEqual([]);
    expect(
      LOADER.some((folder) => existsSync(`${folder}/libvulkan.so.1`)),
      help,
    ).toBe(true);
  });
}

suite("onnx on webgpu", layerOnnx({ device: "webgpu", threads: 1 }), {
  // Drivers may contract a product and a sum, and sum in an order of their own: seen up to 4e-6 in products of 3 x 3 x 4 numbers.
  tolerance: { f32: 1e-5, f64: 1e-12 },
  // All that WGSL promises of them (https://www.w3.org/TR/WGSL/#floating-point-accuracy).
  loose: { sine: 2 ** -11, cosine: 2 ** -11 },
  // Infinities, NaN and the smallest numbers are the driver's own.
  edges: false,
  together: true,
});
