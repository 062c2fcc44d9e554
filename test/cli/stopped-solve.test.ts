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

/** Factors of 1,501 coordinates, which take many seconds each; and a basis of 900 vectors. */
const wide = `
let digits = glyphs(n: 60, seed: 1)
network Wide(image: f32[28, 28, 1]) -> f32[10] =
  image |> avg_pool(7x7) |> flatten |> dense(1500) |> relu |> dense(1500) |> relu |> dense(10)
network Flat(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(2x2) |> flatten |> dense(10)
train wide {
  network: Wide, data: digits.train, loss: softmax_cross_entropy
  optimizer: sgd(0.01), batch: 30, epochs: 1, seed: 1
}
train flat = wide with { network: Flat }
influence by_ekfac { model: wide, test: digits.test |> take(1), method: ekfac() }
influence by_nystrom {
  model: flat, test: digits.test |> take(1)
  method: nystrom(rank: 900, hessian: gauss_newton, damping: 0.01)
}
`;

describe("Ctrl-C in the middle of a decomposition, which is our own work and not the engine's", () => {
  /** Sends `count` signals as soon as a decomposition has told how far it is. */
  const stopped = async (step: string, count: number) => {
    /** Of the work between products: what counts no vectors, or which of the factors it is at. */
    const shares = (stdout: string): readonly number[] =>
      eventsOf(stdout).flatMap(({ event, step: of, fraction, ...figures }) =>
        event === "step.progress" &&
        of !== "wide" &&
        of !== "flat" &&
        !("vector" in figures) &&
        !("examples" in figures)
          ? [Number(fraction)]
          : [],
      );
    let sent = 0;
    const { code, signal, stdout, stderr } = await run(folderOf({ "p.mtt": wide }), step, {
      watch: (child, text) => {
        if (sent > 0 || !shares(text).some((share) => share > 0)) return;
        for (; sent < count; sent++) child.kill("SIGINT");
      },
    });
    return { code, signal, stderr, sent, shares: shares(stdout), stdout };
  };

  it.each([
    ["by_ekfac", "factors"],
    ["by_nystrom", "basis"],
  ])("%s: twice ends at once", async (step, part) => {
    const { code, signal, sent, shares, stdout, stderr } = await stopped(step, 2);
    expect([sent, code, signal, stderr]).toEqual([2, 130, null, ""]);
    expect(Math.max(...shares)).toBeLessThan(1);
    expect(stdout).not.toContain(`"step.finished","step":"${step}/${part}"`);
  });

  it.each(["by_ekfac", "by_nystrom"])("%s: once says what is done, and ends", async (step) => {
    const { code, sent, shares, stdout } = await stopped(step, 1);
    expect([sent, code, finished(stdout).status]).toEqual([1, 130, "interrupted"]);
    expect(Math.max(...shares)).toBeLessThan(1);
    expect(finished(stdout).steps[step]).toBeUndefined();
  });
});
