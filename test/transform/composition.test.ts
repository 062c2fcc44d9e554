import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cost } from "../../src/ir/cost.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import { verify } from "../../src/ir/verify.ts";
import { forward, jvp } from "../../src/transform/jvp.ts";
import { withOutputs } from "../../src/transform/outputs.ts";
import { passes, simplify } from "../../src/transform/simplify.ts";
import { stage } from "../../src/transform/stage.ts";
import { gradient, hvp, vjp } from "../../src/transform/vjp.ts";
import { vmap } from "../../src/transform/vmap.ts";
import { centralDifference, expectAllClose, inner, slice, stack } from "../conformance/checks.ts";
import { drawDirection, positionsOf, randomOf } from "../conformance/operations.ts";
import { networkGraph, networkInputs, networks } from "./random-networks.ts";

const runs = { seed: 20240607, numRuns: 40 } as const;

/** Every program with a point, float positions, and directions at it. */
const eachNetwork = (check: (setting: ReturnType<typeof settingOf>) => void): void =>
  fc.assert(
    fc.property(networks, (network) => check(settingOf(network))),
    runs,
  );

function settingOf(network: { readonly names: readonly string[]; readonly seed: number }) {
  const random = randomOf(network.seed);
  const graph = withOutputs(networkGraph(network), [0]);
  const inputs = networkInputs(graph, random);
  const wrt = positionsOf(graph.inputs, ["f64"]);
  const direction = () => wrt.map((i) => drawDirection(graph.inputs[i]!.type, random));
  return { network, random, graph, inputs, wrt, direction };
}

describe("random networks", () => {
  it("have gradients that agree with differences", () => {
    eachNetwork(({ graph, inputs, wrt, direction }) => {
      const t = direction();
      const grad = evaluate(gradient(graph, wrt), inputs).slice(1);
      const [slope] = centralDifference((x) => evaluate(graph, x), inputs, wrt, t);
      expect(Math.abs(inner(grad, t) - slope!.data[0]!)).toBeLessThan(1e-8 * Math.max(1, Math.abs(slope!.data[0]!)));
    });
  });

  it("have symmetric Hessians that agree with differences of gradients, forward or reverse over reverse", () => {
    eachNetwork(({ graph, inputs, wrt, direction }) => {
      const [u, v] = [direction(), direction()];
      const product = hvp(graph, wrt);
      const [hu, hv] = [evaluate(product, [...inputs, ...u]), evaluate(product, [...inputs, ...v])];
      expect(Math.abs(inner(u, hv) - inner(v, hu))).toBeLessThan(1e-9 * Math.max(1, Math.abs(inner(u, hv))));
      const grad = withOutputs(
        gradient(graph, wrt),
        wrt.map((_, i) => i + 1),
      );
      expectAllClose(
        hu,
        centralDifference((x) => evaluate(grad, x), inputs, wrt, u),
        1e-7,
        "H u",
      );
      expectAllClose(evaluate(vjp(grad, wrt), [...inputs, ...u]).slice(wrt.length), hu, 1e-10, "reverse over reverse");
    });
  });

  it("in two stages give the same bits, with no arithmetic left in the second that the first could do", () => {
    eachNetwork(({ graph, inputs, wrt, direction }) => {
      const product = hvp(graph, wrt);
      const all = [...inputs, ...direction()];
      // In another order than the graph's.
      const known = inputs.map((_, i) => i).reverse();
      const { before, after, reads } = stage(product, known);
      verify(before);
      verify(after);
      const residuals = evaluate(before, inputs);
      const given = [...residuals, ...reads.map((i) => inputs[i]!)];
      expect(evaluate(after, [...given, ...all.slice(inputs.length)])).toEqual(evaluate(product, all));
      const again = stage(
        after,
        given.map((_, i) => i),
      );
      expect(cost(again.before).flops).toBe(0);
      expect(cost(before).flops).toBeGreaterThan(0);
      expect(cost(before).flops + cost(after).flops).toBeLessThanOrEqual(cost(product).flops);
    });
  });

  it("have third derivatives", () => {
    eachNetwork(({ graph, inputs, wrt, direction }) => {
      const [u, v, w] = [direction(), direction(), direction()];
      const product = hvp(graph, wrt);
      const third = evaluate(jvp(product, wrt), [...inputs, ...u, ...v]).slice(wrt.length);
      expectAllClose(
        third,
        centralDifference((x) => evaluate(product, [...x, ...u]), inputs, wrt, v),
        1e-6,
      );
      // D3(u, v) . w is symmetric in all three; by reverse mode through the product, too.
      const other = evaluate(vjp(product, wrt), [...inputs, ...w, ...u]).slice(wrt.length);
      expect(Math.abs(inner(third, w) - inner(other, v))).toBeLessThan(1e-8 * Math.max(1, Math.abs(inner(third, w))));
    });
  });

  it("map: losses, gradients and their derivatives are stacked slices", () => {
    eachNetwork(({ graph, random, wrt }) => {
      const along = jvp(gradient(graph, wrt), wrt);
      const axes = along.inputs.map((): 0 | null => (random() < 0.6 ? 0 : null));
      const inputs = networkInputs(along, random).map((x, i) =>
        axes[i] === 0 ? stack([x, ...Array.from({ length: 2 }, () => networkInputs(along, random)[i]!)]) : x,
      );
      const mapped = evaluate(vmap(along, axes, { size: 3 }), inputs);
      const slices = [0, 1, 2].map((k) =>
        evaluate(
          along,
          inputs.map((x, i) => (axes[i] === 0 ? slice(x, k) : x)),
        ),
      );
      expectAllClose(
        mapped,
        mapped.map((_, i) => stack(slices.map((s) => s[i]!))),
        1e-10,
      );
    });
  });

  it("map twice", () => {
    eachNetwork(({ graph, random }) => {
      const inner = vmap(graph, [0, 0, ...graph.inputs.slice(2).map(() => null)], { size: 2, axis: "batch" });
      const outer = vmap(inner, [null, null, ...graph.inputs.slice(2).map((): 0 => 0)], { size: 3 });
      const points = networkInputs(graph, random, [2]);
      const weights = networkInputs(graph, random, [3]);
      const inputs = graph.inputs.map((_, i) => (i < 2 ? points[i]! : weights[i]!));
      const [mapped] = evaluate(outer, inputs);
      const single = [0, 1, 2].map((k) =>
        stack(
          [0, 1].map(
            (j) =>
              evaluate(graph, [
                ...points.slice(0, 2).map((x) => slice(x, j)),
                ...weights.slice(2).map((x) => slice(x, k)),
              ])[0]!,
          ),
        ),
      );
      expectAllClose([mapped!], [stack(single)], 1e-12);
    });
  });
});

describe("passes", () => {
  it.each(passes)("$name leaves values as they are, and a verified graph", (pass) => {
    eachNetwork(({ graph, inputs, wrt, direction }) => {
      const raw = forward(graph, wrt);
      const t = direction();
      const after = pass.run(raw);
      expect(verify(after)).toEqual([]);
      expectAllClose(evaluate(after, [...inputs, ...t]), evaluate(raw, [...inputs, ...t]), 1e-12, pass.name);
    });
  });

  it("together make second derivatives smaller, and no larger when run again", () => {
    eachNetwork(({ graph, inputs, wrt, direction }) => {
      const raw = forward(forward(graph, wrt), wrt);
      const small = simplify(raw);
      expect(small.nodes.length).toBeLessThanOrEqual(raw.nodes.length);
      expect(simplify(small).nodes.length).toBe(small.nodes.length);
      const all = [...inputs, ...direction(), ...direction()];
      expectAllClose(evaluate(small, all), evaluate(raw, all), 1e-11);
    });
  });

  it("preserve f32 values to rounding", () => {
    eachNetwork(({ network, random }) => {
      const graph = networkGraph(network, "f32");
      const inputs = networkInputs(graph, random);
      expectAllClose(evaluate(simplify(graph), inputs), evaluate(graph, inputs), 1e-6);
    });
  });
});
