import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { onnx } from "../../src/backend/onnx.ts";
import { tensorflow } from "../../src/backend/tensorflow.ts";

/** Bytes by which a process may grow beside a graph's values: code that the engine makes, garbage of this process. */
const BESIDE = 48 * 2 ** 20;

const peakOf = (
  engine: string,
  work: string,
  batch: number,
): { readonly planned: number; readonly measured: number } => {
  const child = fileURLToPath(new URL("peak-of.ts", import.meta.url));
  const answer = execFileSync(process.execPath, ["--import", "tsx", child, engine, work, String(batch)], {
    encoding: "utf8",
  });
  return JSON.parse(answer.trim().split("\n").at(-1)!);
};

describe.each([tensorflow(), onnx()])("memory that the planner counts, with $name", ({ name, overhead }) => {
  it.each([
    ["gradient", 1024],
    ["product", 512],
  ])("%s of %i examples", (work, batch) => {
    const { planned, measured } = peakOf(name, work, batch);
    const said = `${(measured / 2 ** 20).toFixed(0)} MiB measured, ${(planned / 2 ** 20).toFixed(0)} MiB planned`;
    expect(planned, said).toBeGreaterThan(BESIDE);
    expect(measured, said).toBeLessThan(overhead * planned + BESIDE);
    // And it is no empty promise: at least a third of what is planned is really taken.
    expect(measured, said).toBeGreaterThan(planned / 3);
  });
});
