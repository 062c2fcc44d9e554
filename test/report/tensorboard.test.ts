import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, describe, expect, it } from "vitest";
import { crc32c, record } from "../../src/export/tensorboard/record.ts";
import { decodeSafetensors } from "../../src/store/safetensors.ts";
import { eventsOf, finished, folderOf, mtt, removeFolders } from "../cli/mtt.ts";
import { runPython } from "../python/python.ts";

afterAll(removeFolders);

/** Full batches and plain descent: a step is the gradient times the rate. */
const program = `
param epochs: int = 4
let digits = glyphs(n: 120, seed: 1)
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> dense(8) |> tanh |> dense(10)
train model { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(rate: 0.5), batch: 120, epochs: epochs, seed: 1, validate: digits.test, regularize: l2(0.01) }
sweep rates = model with { optimizer: sgd(rate: each([0.1, 0.2])) }
evaluate on_test { model: model, data: digits.test, metrics: [accuracy, loss] }
evaluate compared { model: rates, data: digits.test }
influence blame { model: model, test: digits.test |> take(2), method: grad_dot() }
`;

interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly num: number;
  readonly sum: number;
  readonly sum_squares: number;
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}
interface Board {
  readonly scalars: Readonly<Record<string, readonly (readonly [step: number, value: number])[]>>;
  readonly histograms: Readonly<Record<string, readonly (readonly [step: number, value: Histogram])[]>>;
  readonly images: Readonly<
    Record<string, readonly (readonly [step: number, width: number, height: number, png: string])[]>
  >;
  readonly texts: Readonly<Record<string, readonly string[]>>;
  readonly graph: Readonly<Record<string, readonly [op: string, inputs: readonly string[]]>>;
  readonly hparams: Readonly<Record<string, unknown>> | null;
}

const read = (...folders: readonly string[]): readonly Board[] => {
  const found: Readonly<Record<string, Board>> = JSON.parse(runPython("read_events.py", ...folders));
  return folders.map((folder) => found[folder]!);
};

describe("records", () => {
  it("have the checksums of RFC 3720, and TensorFlow's framing", () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
    expect(record(new Uint8Array(3)).length).toBe(19);
  });
});

describe("mtt run --tensorboard, read by tensorboard", () => {
  it("tells curves, weights, gradients, metrics, influences, the graph and the hyper-parameters, with the run's own values", async () => {
    const cwd = folderOf({ "p.mtt": program });
    const { stdout, stderr, code } = await mtt(["run", "p.mtt", "--tensorboard", "board", "--format", "json"], { cwd });
    expect(stderr + code).toBe("event files are in board: tensorboard --logdir board\n0");
    const { steps } = finished(stdout);
    const [model, slow] = read(join(cwd, "board/p/model"), join(cwd, "board/p/rates/rate_0.1"));

    const history = steps.model!.result.history as readonly Record<string, number>[];
    for (const [name, tag] of [
      ["loss", "training/loss"],
      ["accuracy", "training/accuracy"],
      ["validation_loss", "validation/loss"],
      ["validation_accuracy", "validation/accuracy"],
    ] as const)
      expect(model!.scalars[tag], tag).toEqual(history.map((figures, i) => [i + 1, Math.fround(figures[name]!)]));
    const { accuracy, loss } = steps.on_test!.result;
    expect(model!.scalars["on_test/accuracy"]).toEqual([[4, Math.fround(Number(accuracy))]]);
    expect(model!.scalars["on_test/loss"]).toEqual([[4, Math.fround(Number(loss))]]);
    expect(slow!.scalars["compared/loss"]).toHaveLength(1);

    // The last weights are those that `mtt export` writes.
    await mtt(["export", "p.mtt", "model", "--to", "model.safetensors"], { cwd });
    const parameters = decodeSafetensors(readFileSync(join(cwd, "model.safetensors")));
    expect(Object.keys(parameters).sort()).toEqual(["layer0/W", "layer0/b", "layer1/W", "layer1/b"]);
    for (const [path, { data }] of Object.entries(parameters)) {
      const kept = model!.histograms[`weights/${path}`]!;
      expect(kept.map(([step]) => step)).toEqual([1, 2, 3, 4]);
      const [, last] = kept.at(-1)!;
      expect(last.num).toBe(data.length);
      expect(last.sum).toBeCloseTo(
        Float64Array.from(data).reduce((sum, x) => sum + x, 0),
        6,
      );
      expect([last.min, last.max]).toEqual([Math.min(...data), Math.max(...data)]);
      expect(last.counts.reduce((a, b) => a + b)).toBe(data.length);
      expect(last.limits.every((x, i) => i === 0 || x > last.limits[i - 1]!)).toBe(true);
      // w2 = w1 - rate g1, and so their sums.
      const gradients = model!.histograms[`gradients/${path}`]!;
      for (let i = 0; i < 3; i++) {
        const step = (kept[i]![1].sum - kept[i + 1]![1].sum) / 0.5;
        expect(gradients[i]![1].sum).toBeCloseTo(step, 4);
      }
    }

    expect(model!.hparams).toMatchObject({
      network: "Net",
      optimizer: "sgd",
      rate: 0.5,
      epochs: 4,
      batch: 120,
      seed: 1,
      l2: 0.01,
    });
    expect(slow!.hparams).toMatchObject({ rate: 0.1 });
    const nodes = Object.entries(model!.graph);
    expect(model!.graph["layer0/W"]![0]).toBe("VariableV2");
    expect(model!.graph.image![0]).toBe("Placeholder");
    expect(nodes.some(([name, [op]]) => /^stage2_dense\//.test(name) && op === "dot_general")).toBe(true);
    for (const [, [, inputs]] of nodes) for (const input of inputs) expect(model!.graph).toHaveProperty([input]);

    // Beside the asked test image, the eight that helped, and the eight that harmed.
    for (const test of [0, 1]) {
      const [[, width, height, png]] = model!.images[`blame/test_${test}/helpful`]! as readonly [
        readonly [number, number, number, string],
      ];
      expect([width, height]).toEqual([8 * 28 + 7 * 2, 28]);
      expect(decode(Buffer.from(png, "base64")).width).toBe(width);
      expect(model!.images[`blame/test_${test}/asked`]![0]!.slice(0, 3)).toEqual([4, 28, 28]);
      expect(model!.histograms[`blame/test_${test}/scores`]![0]![1].num).toBe(Number(steps.blame!.result.train));
      expect(model!.texts[`blame/test_${test}`]![0]).toMatch(
        /\| asked \| \d+ \| label \d \| {2}\|\n\| helpful \| \d+ \| label \d \| [\d.e-]+ \|/,
      );
    }
  });

  it("writes nothing twice: a run of what is stored leaves the files, a longer training replaces its own", async () => {
    const cwd = folderOf({ "p.mtt": program });
    const folder = join(cwd, "board/p/model");
    const files = () =>
      readdirSync(folder)
        .map((name) => `${name} ${statSync(join(folder, name)).mtimeMs}`)
        .sort();
    const run = (...more: readonly string[]) =>
      mtt(["run", "p.mtt", "model", "on_test", "--tensorboard", "board", "--quiet", ...more], { cwd });
    expect((await run()).stderr).toBe("");
    const before = files();
    expect(before).toHaveLength(2);
    await run();
    expect(files()).toEqual(before);
    await run("--set", "epochs=6");
    expect(files()).toHaveLength(2);
    const [board] = read(folder);
    expect(board!.scalars["training/loss"]!.map(([step]) => step)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(board!.scalars["on_test/loss"]!.map(([step]) => step)).toEqual([6]);
  });

  it("a folder that cannot be written to fails the step by name, after its result is stored", async () => {
    const cwd = folderOf({ "p.mtt": program, board: "a file" });
    const { code, stderr } = await mtt(["run", "p.mtt", "model", "--tensorboard", "board"], { cwd });
    expect(code).toBe(3);
    expect(stderr).toMatch(/error\[MTT5405\]: `model` failed: the event files in board\/p\/model cannot be written/);
    const again = await mtt(["run", "p.mtt", "model", "--format", "json"], { cwd });
    expect(eventsOf(again.stdout)).toContainEqual(expect.objectContaining({ event: "step.cached", step: "model" }));
  });
});
