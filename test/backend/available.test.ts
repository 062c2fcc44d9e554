import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { describe, expect, it } from "vitest";
import { available, selectBackend } from "../../src/backend/available.ts";
import { ADDON, placeOf } from "../../src/backend/tensorflow/place.ts";
import { mtt } from "../cli/mtt.ts";

describe("what can compute", () => {
  it("is the processor at least, by both engines that come along, and each other one says why not", async () => {
    const rows = await Effect.runPromise(available);
    const ready = rows.filter(({ ok }) => ok).map(({ name, device }) => `${name} ${device}`);
    expect(ready).toEqual(expect.arrayContaining(["onnx cpu", "reference cpu"]));
    for (const { why } of rows) expect(why).not.toBe("");
  });

  it("is chosen by name and device", async () => {
    const select = (...args: Parameters<typeof selectBackend>) => Effect.runPromise(selectBackend(...args));
    expect((await select("reference", "cpu")).identity).toBe("reference/1/cpu");
    expect((await select("onnx", "cpu")).identity).toMatch(/^onnx\/\d+\.\d+\.\d+\/cpu$/);
  });

  it("is TensorFlow where that is installed, else ONNX Runtime", async () => {
    const cache = mkdtempSync(join(tmpdir(), "mtt-available-"));
    const before = process.env.XDG_CACHE_HOME;
    try {
      process.env.XDG_CACHE_HOME = cache;
      const select = (...args: Parameters<typeof selectBackend>) => Effect.runPromise(selectBackend(...args));
      expect((await select("auto", "cpu")).name).toBe("onnx");
      const error = await Effect.runPromise(Effect.flip(selectBackend("tensorflow", "cpu")));
      expect(error.help).toContain("npx mtt backend install tensorflow");
      mkdirSync(placeOf("cpu"), { recursive: true });
      writeFileSync(join(placeOf("cpu"), ADDON), "");
      expect((await select("auto", "cpu")).name).toBe("tensorflow");
      expect((await select("onnx", "cpu")).name).toBe("onnx");
      const broken = (await Effect.runPromise(available)).find(({ name }) => name === "tensorflow");
      expect(broken).toMatchObject({ ok: false, device: "cpu" });
    } finally {
      if (before === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = before;
      rmSync(cache, { recursive: true, force: true });
    }
  });

  it("is no driver that is not there: the refusal is in words of ours, and none of the driver's reach the terminal", async () => {
    const env = { VK_ICD_FILENAMES: "/nowhere/icd.json", VK_DRIVER_FILES: "/nowhere/icd.json" };
    const { code, stdout, stderr } = await mtt(["backend", "test", "onnx", "--device", "webgpu"], { env });
    // Only Linux asks for Vulkan: elsewhere the system's own driver computes.
    if (process.platform !== "linux") return expect(code).toBe(0);
    expect(stderr).toMatch(/^error\[MTT5301\]: onnx cannot compute on webgpu: no GPU has a Vulkan driver here/);
    expect(stderr.trim().split("\n")).toHaveLength(2);
    expect([code, stdout]).toEqual([3, ""]);
  });

  it("refuses a device that there is not", async () => {
    const error = await Effect.runPromise(Effect.flip(selectBackend("onnx", "tpu")));
    expect(error.message).toBe("the onnx backend has no device tpu");
    expect(error.help).toContain("cpu");
    await expect(Effect.runPromise(selectBackend("reference", "cuda"))).rejects.toThrow("no device cuda");
  });
});
