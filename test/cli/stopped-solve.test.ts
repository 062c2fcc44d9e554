import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { eventsOf, finished, folderOf, mtt, removeFolders } from "./mtt.ts";

afterAll(removeFolders);

const program = `
let digits = glyphs(n: 600, seed: 1)
network Deep(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> dense(20) |> tanh |> dense(10)
network Flat(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(7x7) |> flatten |> dense(10)
train deep {
  network: Deep, data: digits.train, loss: softmax_cross_entropy
  optimizer: adam(rate: 0.01), batch: 50, epochs: 3, seed: 1
}
train flat = deep with { network: Flat, regularize: l2(0.05) }
influence by_cg {
  model: deep, test: digits.test |> take(2)
  method: cg(hessian: gauss_newton, damping: 1e-3, tolerance: 1e-5)
}
influence by_lissa = by_cg with { model: flat, method: lissa(tolerance: 1e-4) }
influence by_exact = by_cg with { model: deep, method: exact(hessian: gauss_newton, damping: 1e-3) }
`;

/** The hash of a step's scores, which is the name of their bytes. */
const scoresIn = (cwd: string, key: string): string =>
  JSON.parse(readFileSync(join(cwd, ".mtt/results", key, "result.json"), "utf8")).result.files["scores.npy"].object;

const run = (cwd: string, step: string, watch?: Parameters<typeof mtt>[1] & object) =>
  mtt(["run", "p.mtt", step, "--format", "json", "--backend", "onnx"], { cwd, ...watch });

describe("kill -9 in the middle of a solve, then run again: the bytes of a run that never stopped", () => {
  it.each([
    // The state after 5 iterations is there, and what comes after it is lost.
    ["by_cg", "iteration", 6],
    ["by_lissa", "stage", 2],
    // Rows of the Hessian: a slab of 512 of the 1,210.
    ["by_exact", "row", 800],
  ])("%s", async (step, counter, reached) => {
    const counted = (stdout: string): readonly number[] =>
      eventsOf(stdout).flatMap((event) => (typeof event[counter] === "number" ? [event[counter]] : []));
    const [unbroken, cwd] = [folderOf({ "p.mtt": program }), folderOf({ "p.mtt": program })];
    const whole = await run(unbroken, step);
    expect([whole.code, counted(whole.stdout)[0]! < reached]).toEqual([0, true]);
    let struck = false;
    const killed = await run(cwd, step, {
      watch: (child, stdout) => {
        if (!struck && counted(stdout).some((count) => count >= reached)) struck = child.kill("SIGKILL");
      },
    });
    expect([killed.signal, killed.stdout.includes("run.finished")]).toEqual(["SIGKILL", false]);
    const again = await run(cwd, step);
    expect(again.code).toBe(0);
    // It went on: none of what was kept is done again.
    const least = { iteration: 6, stage: 2, row: 513 }[counter];
    expect(Math.min(...counted(again.stdout))).toBeGreaterThanOrEqual(least!);
    const [a, b] = [whole, again].map(({ stdout }) => finished(stdout).steps[step]!);
    expect(b!.key).toBe(a!.key);
    expect(scoresIn(cwd, b!.key)).toBe(scoresIn(unbroken, a!.key));
    const { seconds: _, solving_seconds: __, scoring_seconds: ___, peak_memory: ____, ...figures } = a!.result;
    expect(b!.result).toMatchObject(figures);
  });
});
