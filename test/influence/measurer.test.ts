import { expect, it } from "vitest";
import { measurer } from "../../src/influence/measurer.ts";
import { tensor } from "../../src/shape/tensor.ts";
import { drive } from "../learn/drive.ts";
import { classes, crossEntropy, linear, training } from "../learn/problems.ts";
import { drawn } from "./factors-support.ts";

it("measures any of many examples, as each by itself, under one set of weights after another", () => {
  const n = 700;
  const data = classes(n, 3, 3, "f64");
  const network = linear(3, 3);
  const of = training({
    network,
    loss: crossEntropy(3),
    precision: "f64",
    optimizer: { kind: "lbfgs", tolerance: 1e-8, history: 10, iterations: 10 },
  });
  /** -log softmax, by hand. */
  const loss = (w: ReturnType<typeof drawn>, i: number): number => {
    const logits = [0, 1, 2].map((k) =>
      [0, 1, 2].reduce(
        (sum, f) => sum + data.x!.data[3 * i + f]! * w["layer0/W"]!.data[3 * f + k]!,
        Number(w["layer0/b"]!.data[k]),
      ),
    );
    return Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0)) - logits[data.label!.data[i]!]!;
  };
  const [first, second] = [0.5, 1.5].map((scale) =>
    Object.fromEntries(
      Object.entries(drawn(network, scale)).map(([path, { shape, data: values }]) => [
        path,
        tensor("f64", shape, values),
      ]),
    ),
  );
  const all = Int32Array.from({ length: n }, (_, i) => n - 1 - i);
  const few = Int32Array.of(3, 3, 699, 0);
  const measuring = measurer(of, of.loss, 0);
  const run = function* () {
    const answers = [
      yield* measuring.of(first!, all),
      yield* measuring.of(second!, few),
      yield* measuring.of(second!, all),
    ];
    yield* measuring.release();
    return answers;
  };
  const { result, open } = drive(run(), data);
  expect(open).toBe(0);
  for (const [i, [w, at]] of (
    [
      [first, all],
      [second, few],
      [second, all],
    ] as const
  ).entries())
    expect([...result[i]!]).toEqual([...at].map((example) => expect.closeTo(loss(w!, example), 10)));
});
