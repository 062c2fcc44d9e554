import * as Effect from "effect/Effect";
import type * as Layer from "effect/Layer";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/backend/backend.ts";
import { CurrentBackend } from "../../src/backend/backend.ts";
import { GraphBuilder } from "../../src/ir/builder.ts";
import { evaluate } from "../../src/ir/evaluate.ts";
import type { Graph } from "../../src/ir/graph.ts";
import { reduceSum } from "../../src/ir/operations.ts";
import type { Prim, Prims } from "../../src/ir/primitives.ts";
import { isFloat } from "../../src/shape/dtype.ts";
import { sizeOf, type Tensor, tensor } from "../../src/shape/tensor.ts";
import { withOutputs } from "../../src/transform/outputs.ts";
import { gradient, hvp } from "../../src/transform/vjp.ts";
import { expectClose, inner, moved } from "../conformance/checks.ts";
import { drawDirection, drawOperand, randomOf, rows } from "../conformance/operations.ts";
import { programsOf, together } from "../conformance/programs.ts";
import { networkGraph, networkInputs, networks } from "../transform/random-networks.ts";
import { edges } from "./edges.ts";
import { imagePrograms } from "./images.ts";
import { randomGraph } from "./random-graph.ts";

const SMALLEST_NORMAL = { f32: 2 ** -126, f64: 2 ** -1022, i32: 0, bool: 0 } as const;

export interface SuiteOptions {
  /** Relative to the larger of 1 and the largest magnitude of the array. */
  readonly tolerance: { readonly f32: number; readonly f64: number };
  /** Operations that the device computes less well. */
  readonly loose?: { readonly [P in Prim]?: number };
  /** Whether numbers that are not finite, and the smallest, are the reference's too. Drivers of GPUs may flush and assume. */
  readonly edges: boolean;
  /** Whether numbers below the smallest normal one may be 0. */
  readonly flushes?: boolean;
  /** Whether the programs of an operation are given as one graph, for a device that takes long to compile. */
  readonly together?: boolean;
}

/** What every backend must do: every operation with its derivatives and over batches as the reference, and programs with memory. */
export function suite(name: string, layer: Layer.Layer<CurrentBackend>, options: SuiteOptions): void {
  const using = <A, E>(use: (backend: Backend) => Effect.Effect<A, E>): Promise<A> =>
    Effect.runPromise(Effect.flatMap(CurrentBackend, use).pipe(Effect.provide(layer)));
  const once = (graph: Graph, inputs: readonly Tensor[]) =>
    using((backend) =>
      Effect.scoped(
        Effect.flatMap(backend.open({ graph, resident: 0, updated: 0 }, []), (session) => session.run(inputs)),
      ),
    );
  /** Alone, and beside others where the engine runs several. */
  const bothWays = (graph: Graph, inputs: readonly Tensor[]) =>
    using((backend) =>
      Effect.scoped(
        Effect.flatMap(backend.open({ graph, resident: 0, updated: 0 }, []), ({ run, beside }) =>
          Effect.all([run(inputs), ...(beside === undefined ? [] : [beside.run(inputs)])]),
        ),
      ),
    );

  async function agrees(graph: Graph, inputs: readonly Tensor[], message: string): Promise<void> {
    const loose = Math.max(0, ...graph.nodes.map(({ op }) => options.loose?.[op] ?? 0));
    const expected = evaluate(graph, inputs);
    for (const actual of await bothWays(graph, inputs)) {
      expect(actual.map(({ dtype, shape }) => ({ dtype, shape }))).toEqual(
        expected.map(({ dtype, shape }) => ({ dtype, shape })),
      );
      expected.forEach((wanted, i) => {
        const { f32, f64 } = options.tolerance;
        const tolerance =
          wanted.dtype === "f64" && !usesF32(graph) ? f64 : isFloat(wanted.dtype) ? Math.max(f32, loose) : 0;
        expectClose(actual[i]!, wanted, tolerance, `${message}, output ${i}`);
      });
    }
  }

  describe(`${name}: operations`, () => {
    for (const [number, row] of rows.entries())
      for (const float of ["f32", "f64"] as const) {
        if (float === "f64" && !row.operands.some(({ dtype }) => dtype === "float")) continue;
        it(`${row.title} (${float})`, async () => {
          const programs = programsOf(row, float, number);
          for (const { title, graph, inputs } of options.together === true ? [together(programs)] : programs)
            await agrees(graph, inputs, `${title} of ${row.title}`);
        });
      }
  });

  describe(`${name}: layouts`, () => {
    for (const [shape, dimensions] of [
      [[1500, 80], [0]],
      [
        [40, 50, 8, 9],
        [0, 1],
      ],
      [[9, 1200, 70], [1]],
      [
        [3, 1100, 64],
        [0, 1],
      ],
    ] as const)
      it(`sums of many rows: [${shape}] over ${dimensions}`, async () => {
        const b = new GraphBuilder();
        const x = b.input("x", { dtype: "f32", shape });
        const graph = b.build([reduceSum(b, x, dimensions)]);
        // Numbers whose sums lose nothing by their order.
        const whole = Float32Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 7) % 23) - 9);
        await agrees(graph, [tensor("f32", shape, whole)], "the sum");
      });

    for (let seed = 1; seed <= 12; seed++)
      it(`random graph ${seed}`, async () => {
        const random = randomOf(seed);
        const graph = randomGraph(random, 40);
        await agrees(
          graph,
          graph.inputs.map(({ type }) => drawDirection(type, random)),
          `graph ${seed}`,
        );
      });
  });

  describe(`${name}: networks`, () => {
    for (let seed = 1; seed <= 4; seed++)
      it(`whole gradients and Hessian-vector products of network ${seed}`, async () => {
        const [network] = fc.sample(networks, { seed, numRuns: 1 });
        const random = randomOf(seed);
        const loss = withOutputs(networkGraph(network!, "f32"), [0]);
        const inputs = networkInputs(loss, random);
        const wrt = loss.inputs.flatMap((_, i) => (i >= 2 ? [i] : []));
        await agrees(gradient(loss, wrt), inputs, `gradient of ${network!.names}`);
        const v = wrt.map((i) => drawDirection(loss.inputs[i]!.type, random));
        const product = hvp(loss, wrt);
        await agrees(product, [...inputs, ...v], `Hessian-vector product of ${network!.names}`);

        const u = wrt.map((i) => drawDirection(loss.inputs[i]!.type, random));
        const sum = u.map((x, i) => moved(x, 2, v[i]!));
        const [hu, hv, both] = [
          await once(product, [...inputs, ...u]),
          await once(product, [...inputs, ...v]),
          await once(product, [...inputs, ...sum]),
        ];
        const scale = Math.sqrt(inner(u, u) * inner(hv, hv)) + Math.sqrt(inner(v, v) * inner(hu, hu));
        expect(Math.abs(inner(u, hv) - inner(v, hu)), "u H v = v H u").toBeLessThanOrEqual(1e-5 * scale);
        hu.forEach((x, i) => {
          expectClose(both[i]!, moved(x, 2, hv[i]!), 2e-5, "H (u + 2 v) = H u + 2 H v");
        });
      });
  });

  describe(`${name}: batches of images`, () => {
    // 16 tangents have wide kernels together; a device that takes long to compile has no layouts of its own.
    const [drawn, tangents] = options.together ? [2, 3] : [8, 16];
    for (let seed = 1; seed <= drawn; seed++)
      it(`convolutional network ${seed}`, async () => {
        for (const { title, graph, inputs } of imagePrograms(randomOf(seed), tangents))
          await agrees(graph, inputs, title);
      });
  });

  if (options.edges)
    describe(`${name}: edges`, () => {
      for (const { title, graph, inputs, absolute = 0 } of edges)
        it(title, async () => {
          const [wanted] = evaluate(graph, inputs);
          const [actual] = await once(graph, inputs);
          const tolerance = wanted!.dtype === "f64" ? 1e-14 : wanted!.dtype === "f32" ? 2e-6 : 0;
          actual!.data.forEach((value, i) => {
            const want = wanted!.data[i]!;
            const close =
              value === want ||
              (options.flushes === true && value === 0 && Math.abs(want) < SMALLEST_NORMAL[wanted!.dtype]) ||
              Object.is(value, want) ||
              Math.abs(value - want) <= tolerance * Math.abs(want) + absolute;
            expect(close, `of ${inputs.map((x) => x.data[i])}: ${value}, expected ${want}`).toBe(true);
          });
        });
    });

  describe(`${name}: programs`, () => {
    // counter, w, x, keys -> counter + 1, w + sum of the draws, w x, x
    const program = () => {
      const b = new GraphBuilder();
      const counter = b.input("counter", { dtype: "i32", shape: [] });
      const w = b.input("w", { dtype: "f32", shape: [3] });
      const fixed = b.input("fixed", { dtype: "f32", shape: [3] });
      const x = b.input("x", { dtype: "f32", shape: [3] });
      const keys = b.input("keys", { dtype: "i32", shape: [2, 4] });
      const one = b.constant(tensor("i32", [], [1]));
      const bits = b.apply("random_bits", [keys], { shape: [3], purpose: "test" });
      // Small enough that sums in f32 are exact.
      const small = b.apply(
        "remainder",
        [bits, b.apply("broadcast_in_dim", [b.constant(tensor("i32", [], [4096]))], { shape: [2, 3], dimensions: [] })],
        {},
      );
      const drawn = b.apply("reduce_sum", [b.apply("convert", [small], { dtype: "f32" })], { dimensions: [0] });
      const next = b.apply("add", [w, drawn], {});
      const product = b.apply("multiply", [b.apply("multiply", [w, fixed], {}), x], {});
      const outputs = [b.apply("add", [counter, one], {}), next, product, x, fixed];
      return { graph: b.build(outputs), resident: 3, updated: 2 };
    };
    const resident = () => [tensor("i32", [], [7]), tensor("f32", [3], [1, 2, 3]), tensor("f32", [3], [1, -1, 2])];
    const feeds = (step: number) => [
      tensor("f32", [3], [step, 1, 2]),
      tensor("i32", [2, 4], [1, 0, step, 0, 1, 0, step, 1]),
    ];

    it("keep resident values, feed them their updates and answer the rest", async () => {
      const { graph } = program();
      let state = resident();
      await using((backend) =>
        Effect.gen(function* () {
          const session = yield* backend.open(program(), resident());
          for (let step = 0; step < 5; step++) {
            const outputs = evaluate(graph, [...state, ...feeds(step)]);
            state = [...outputs.slice(0, 2), state[2]!];
            expect(yield* session.run(feeds(step))).toEqual(outputs.slice(2));
            expect(yield* session.read).toEqual(state);
          }
        }).pipe(Effect.scoped),
      );
    });

    it("own their arrays: what the caller gave, got and read is its own", async () => {
      await using((backend) =>
        Effect.gen(function* () {
          const given = resident();
          const fed = feeds(1);
          const session = yield* backend.open(program(), given);
          given[1]!.data.fill(0);
          const [first] = yield* session.run(fed);
          const kept = first!.data.slice();
          fed[0]!.data.fill(9);
          const read = yield* session.read;
          const before = read[1]!.data.slice();
          yield* session.run(fed);
          expect(first!.data).toEqual(kept);
          expect(kept).toEqual(Float32Array.of(1, -2, 12));
          expect(read[1]!.data).toEqual(before);
        }).pipe(Effect.scoped),
      );
    });

    it("may write into answers that are spent, and answers the same", async () => {
      await using((backend) =>
        Effect.gen(function* () {
          const [fresh, reusing] = [
            yield* backend.open(program(), resident()),
            yield* backend.open(program(), resident()),
          ];
          // Of other types and shapes, too few: none may be taken for an answer.
          let spent: readonly Tensor[] = [tensor("i32", [3], [1, 2, 3]), tensor("f32", [1, 3], [1, 2, 3])];
          for (let step = 0; step < 4; step++) {
            const answers = yield* fresh.run(feeds(step));
            spent = yield* reusing.run(feeds(step), spent);
            expect(spent).toEqual(answers);
            expect(yield* reusing.read).toEqual(yield* fresh.read);
          }
        }).pipe(Effect.scoped),
      );
    });

    it("hold two sessions of one program apart", async () => {
      await using((backend) =>
        Effect.gen(function* () {
          const one = yield* backend.open(program(), resident());
          const other = yield* backend.open(program(), resident());
          yield* one.run(feeds(1));
          const [counter] = yield* other.read;
          expect(counter!.data[0]).toBe(7);
        }).pipe(Effect.scoped),
      );
    });

    for (const row of rows.filter(({ op }) => op === "conv2d"))
      it(`may know the kernel beforehand: ${row.title}`, async () => {
        const random = randomOf(3);
        const [x, w] = row.operands.map((operand) => drawOperand(operand, "f32", random)) as [Tensor, Tensor];
        const b = new GraphBuilder();
        const kernel = b.input("w", { dtype: w.dtype, shape: w.shape });
        const image = b.input("x", { dtype: x.dtype, shape: x.shape });
        const y = b.apply("conv2d", [image, kernel], row.params("f32") as Prims["conv2d"]);
        const bias = b.constant(
          tensor("f32", [b.typeOf(y).shape[3]!], new Float32Array(b.typeOf(y).shape[3]!).fill(0.5)),
        );
        const spread = b.apply("broadcast_in_dim", [bias], { shape: b.typeOf(y).shape, dimensions: [3] });
        const graph = b.build([b.apply("tanh", [b.apply("add", [y, spread], {})], {}), y]);
        const [wanted, rest] = evaluate(graph, [w, x]) as [Tensor, Tensor];
        const actual = await using((backend) =>
          Effect.scoped(
            Effect.flatMap(backend.open({ graph, resident: 1, updated: 0 }, [w]), (session) => session.run([x])),
          ),
        );
        expectClose(actual[0]!, wanted, options.tolerance.f32);
        expectClose(actual[1]!, rest, options.tolerance.f32);
      });

    it("compute the same bits every time", async () => {
      const random = randomOf(5);
      const graph = randomGraph(random, 30);
      const inputs = graph.inputs.map(({ type }) => drawDirection(type, random));
      expect(await once(graph, inputs)).toEqual(await once(graph, inputs));
    });

    it("do not grow with their runs", async () => {
      const size = 1 << 18;
      const b = new GraphBuilder();
      const w = b.input("w", { dtype: "f32", shape: [size] });
      const x = b.input("x", { dtype: "f32", shape: [size] });
      const sum = b.apply("add", [w, x], {});
      const graph = b.build([sum, b.apply("negate", [sum], {})]);
      const fed = [tensor("f32", [size], new Float32Array(size))];
      await using((backend) =>
        Effect.gen(function* () {
          const session = yield* backend.open({ graph, resident: 1, updated: 1 }, fed);
          const runs = (n: number) =>
            Effect.gen(function* () {
              for (let i = 0; i < n; i++) yield* session.run(fed);
            });
          yield* runs(40);
          globalThis.gc?.();
          const before = process.memoryUsage().rss;
          // 1 MB answered and 1 MB kept by each: 500 MB would stay if they did. What the collector has not come to yet does not grow with the runs.
          yield* runs(250);
          globalThis.gc?.();
          expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
        }).pipe(Effect.scoped),
      );
    });

    // The reference takes a graph as it is: what is none is found by `verify`.
    if (name !== "reference")
      it("say what they cannot do", async () => {
        const broken: Graph = {
          inputs: [{ name: "x", type: { dtype: "f32", shape: [2] } }],
          nodes: [{ op: "reshape", params: { shape: [3] }, inputs: [0], type: { dtype: "f32", shape: [3] } }],
          outputs: [1],
        };
        const result = await using((backend) =>
          backend.open({ graph: broken, resident: 0, updated: 0 }, []).pipe(
            Effect.flatMap((session) => session.run([tensor("f32", [2], [1, 2])])),
            Effect.scoped,
            Effect.flip,
          ),
        );
        expect(result._tag).toBe("BackendError");
        expect(result.message).not.toBe("");
      });
  });
}

const usesF32 = ({ nodes, inputs }: Graph): boolean => [...nodes, ...inputs].some(({ type }) => type.dtype === "f32");
