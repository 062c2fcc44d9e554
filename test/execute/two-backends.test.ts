import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import { beforeAll, describe, expect, it } from "vitest";
import { CurrentBackend } from "../../src/backend/backend.ts";
import { layerOnnx } from "../../src/backend/onnx.ts";
import { layerTensorflow } from "../../src/backend/tensorflow.ts";
import { hostConfig } from "../../src/data/config.ts";
import { projectOf } from "../../src/data/reach.ts";
import { normal } from "../../src/random/random.ts";
import { type Tensor, tensor } from "../../src/shape/tensor.ts";
import { encodeSafetensors } from "../../src/store/safetensors.ts";
import { distance } from "../influence/support.ts";
import { folder, runProgram } from "./run-program.ts";

const shapes = { "layer0/W": [3, 3, 1, 4], "layer0/b": [4], "layer1/W": [64, 10], "layer1/b": [10] };
const weights = Object.fromEntries(
  Object.entries(shapes).map(([path, shape], i): [string, Tensor] => {
    const size = shape.reduce((x, y) => x * y, 1);
    return [
      path,
      tensor(
        "f32",
        shape,
        normal(3, "weights", i, size).map((x) => 0.3 * x),
      ),
    ];
  }),
);
const file = join(folder(), "model.safetensors");
/** The weights lie outside of the project, and are allowed. */
const data = hostConfig(".", undefined, undefined, { project: projectOf("."), allowed: [dirname(file)] });
beforeAll(() => writeFileSync(file, encodeSafetensors(weights)));

const methods: Readonly<Record<string, string>> = {
  by_cg: "cg(hessian: gauss_newton, damping: 0.01)",
  by_preconditioned_cg: "cg(damping: auto, precondition: ekfac)",
  by_lissa: "lissa(hessian: gauss_newton, damping: 0.1, tolerance: 1e-4)",
  by_exact: "exact(hessian: gauss_newton, damping: 0.01)",
  by_arnoldi: "arnoldi(20, hessian: gauss_newton, damping: 0.01)",
  by_nystrom: "nystrom(20, hessian: gauss_newton, damping: 0.01)",
  by_ekfac: "ekfac()",
  by_trak: "trak(projections: 16)",
};
const names = Object.keys(methods);
const program = `
let digits = glyphs(n: 60, seed: 1, image: f32[8, 8, 1])
network N(image: f32[8, 8, 1]) -> f32[10] = image |> conv(4, stride: 2x2) |> lrelu(0.2) |> flatten |> dense(10)
train model {
  network: N, data: digits.train, loss: softmax_cross_entropy, optimizer: sgd(0.1), regularize: l2(0.01)
  start: weights("${file}"), epochs: 0
}
${names.map((name) => `influence ${name} { model: model, test: digits.test |> take(3), method: ${methods[name]} }`).join("\n")}
`;
const engines: Readonly<Record<string, Layer.Layer<CurrentBackend>>> = {
  onnx: layerOnnx({ threads: 2 }),
  tensorflow: layerTensorflow({ threads: 2 }),
};

/** Scores by the name of their step, from the same imported parameters, each time in a store of its own. */
const scoresBy = (engine: string): Promise<ReadonlyMap<string, readonly number[]>> =>
  Effect.runPromise(
    Effect.flatMap(CurrentBackend, (backend) =>
      Effect.promise(async () => {
        const { scores, status } = await runProgram(program, folder(), { backend, data });
        expect(status).toBe("done");
        const found = new Map<string, readonly number[]>();
        for (const name of names) found.set(name, (await scores(name, 3)).data);
        return found;
      }),
    ).pipe(Effect.provide(engines[engine]!)),
  );

describe("the same parameters, imported", () => {
  let [onnx, tensorflow]: ReadonlyMap<string, readonly number[]>[] = [new Map(), new Map()];
  beforeAll(async () => {
    [onnx, tensorflow] = [await scoresBy("onnx"), await scoresBy("tensorflow")];
  });

  it.each(names)("have the same scores on onnx and tensorflow: %s", (name) => {
    const [a, b] = [onnx!.get(name)!, tensorflow!.get(name)!];
    expect(a).toHaveLength(180);
    expect(a.every((score) => Number.isFinite(score) && score !== 0)).toBe(true);
    expect(distance(b, a)).toBeLessThan(1e-3);
  });

  it.each(["onnx", "tensorflow"])("have the same scores again on %s, bit for bit", async (engine) => {
    expect(await scoresBy(engine)).toEqual(engine === "onnx" ? onnx : tensorflow);
  });
});
