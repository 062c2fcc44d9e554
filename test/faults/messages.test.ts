import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleProgram } from "../../tools/build.ts";
import { environment, finished, folderOf, mtt, removeFolders } from "../cli/mtt.ts";
import { idx } from "../data/support.ts";
import type { Refusal } from "./seam.ts";

const root = resolve(import.meta.dirname, "../..");
const pipeline = join(root, "pipelines/logistic.mtt");

let bundle = "";
beforeAll(async () => {
  const cache = join(root, "node_modules/.cache/mtt-faults");
  mkdirSync(cache, { recursive: true });
  bundle = mkdtempSync(join(cache, "messages-"));
  await bundleProgram(join(bundle, "dist"), "test/faults/child.ts");
  writeFileSync(join(bundle, "package.json"), '{ "type": "module" }');
}, 60_000);
afterAll(() => {
  rmSync(bundle, { recursive: true, force: true });
  removeFolders();
});

/** Files as MNIST's, of a few pictures. */
const digits = (): string => {
  const pictures = (n: number) =>
    idx(
      [n, 28, 28],
      Uint8Array.from({ length: n * 784 }, (_, k) => (k * 7 + (k >> 9)) % 256),
    );
  const labels = (n: number) =>
    idx(
      [n],
      Uint8Array.from({ length: n }, (_, k) => k % 10),
    );
  return folderOf({
    "train-images-idx3-ubyte": pictures(40),
    "train-labels-idx1-ubyte": labels(40),
    "t10k-images-idx3-ubyte": pictures(20),
    "t10k-labels-idx1-ubyte": labels(20),
  });
};

/** The pipeline as people run it, on a disk that refuses. */
const run = (store: string, data: string, fault: Refusal | undefined, ...args: readonly string[]) => {
  const MTT_FAULT = JSON.stringify({ store, log: join(bundle, "log"), ...(fault === undefined ? {} : { fault }) });
  const child = spawn(
    process.execPath,
    [join(bundle, "dist/mtt.js"), "run", pipeline, "--store", store, "--data", data, "--no-progress", ...args],
    {
      env: environment({ MTT_FAULT }),
    },
  );
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((finish, fail) => {
    const out = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        out[stream] += text;
      });
    child.on("error", fail);
    child.on("close", (code) => finish({ code, ...out }));
  });
};

const errorsIn = (stderr: string): number => stderr.split("error[").length - 1;

describe("pipelines/logistic.mtt, which declares no stand-in for its data", () => {
  it.each([1, 6, 14, 20])(
    "on a disk that is full from change %i on: exit 3, one message, and nothing is lost",
    async (from) => {
      const [store, data] = [join(folderOf(), "store"), digits()];
      const { code, stderr } = await run(store, data, { refuses: "ENOSPC", from }, "regression");
      expect([code, errorsIn(stderr)]).toEqual([3, 1]);
      expect(stderr).toMatch(/error\[MTT5102\]: `[\w.]+` failed: the disk of the store \S+ is full/);
      expect(stderr).toContain(
        "help: free some space, or put the store elsewhere with --store DIR; what is stored already is whole",
      );
      const again = await run(store, data, undefined, "regression", "--format", "json");
      const whole = await run(join(folderOf(), "store"), data, undefined, "regression", "--format", "json");
      expect([again.code, whole.code]).toEqual([0, 0]);
      expect(finished(again.stdout).steps.regression!.result).toEqual(finished(whole.stdout).steps.regression!.result);
    },
  );

  it("on a store that can only be read: exit 3 and one message; what is stored is read", async () => {
    const [store, data] = [join(folderOf(), "store"), digits()];
    const first = await run(store, data, { refuses: "EROFS", from: 1 }, "regression");
    expect([first.code, errorsIn(first.stderr)]).toEqual([3, 1]);
    expect(first.stderr).toContain(
      "cannot be written (writing the result of digits.train: its disk can only be read, EROFS)",
    );
    expect(first.stderr).toContain("choose another with --store DIR");
    expect((await run(store, data, undefined, "regression")).code).toBe(0);
    expect((await run(store, data, { refuses: "EROFS", from: 1 }, "regression")).code).toBe(0);
  });

  it("without data and network: exit 3, one message, and the ways out", async () => {
    const { code, stderr } = await mtt(["run", pipeline, "--store", join(folderOf(), "store"), "--no-progress"]);
    expect([code, errorsIn(stderr)]).toEqual([3, 1]);
    expect(stderr).toContain("error[MTT5501]: `digits.train` failed: mnist could not be found or downloaded. Tried:");
    for (const way of ["--data DIR or MTT_DATA=DIR", "MTT_MNIST_URL=https://", "mnist(fallback: glyphs("])
      expect(stderr).toContain(way);
    const empty = folderOf();
    const named = await mtt(["run", pipeline, "--store", join(folderOf(), "store"), "--data", empty, "--no-progress"]);
    expect(named.code).toBe(3);
    expect(named.stderr).toContain(`--data ${empty}: no train-images-idx3-ubyte and no train-labels-idx1-ubyte`);
  });

  it("says of a name that no network finds what that means", async () => {
    const env = { MTT_MNIST_URL: "https://nowhere.invalid" };
    const { code, stderr } = await mtt(["run", pipeline, "--store", join(folderOf(), "store"), "--no-progress"], {
      env,
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/nowhere\.invalid was not found: is there a network\? \(E\w+\)/);
  });
});
