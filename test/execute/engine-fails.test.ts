import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { layer as nodeServices } from "@effect/platform-node/NodeServices";
import * as Effect from "effect/Effect";
import * as Layer from "effect/Layer";
import { afterAll, describe, expect, it } from "vitest";
import { type Backend, BackendError } from "../../src/backend/backend.ts";
import { reference } from "../../src/backend/reference.ts";
import { hostConfig } from "../../src/data/config.ts";
import { layerHttp } from "../../src/data/http.ts";
import { Events } from "../../src/execute/events.ts";
import { execute } from "../../src/execute/execute.ts";
import { Reports } from "../../src/execute/reports.ts";
import { layerFileSystem } from "../../src/store/file-system.ts";
import { planOf } from "../elaborate/program.ts";

const folders: string[] = [];
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "mtt-engine-"));
  folders.push(made);
  return made;
};

const plan = planOf(`
let digits = glyphs(n: 60, seed: 1)
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(7x7) |> flatten |> dense(10)
train model { network: Net, data: digits.train, loss: softmax_cross_entropy, optimizer: adam(rate: 0.01), batch: 20, epochs: 4, seed: 1 }
influence blame { model: model, test: digits.test |> take(1), method: cg(hessian: gauss_newton, damping: 0.1, tolerance: 1e-4) }
`);

const full = new BackendError({
  backend: "reference",
  message: "the engine is out of memory: it asked for 8.0 GiB",
  help: "give it less at once: --memory 512MiB",
});

/** An engine that has no memory for its `n`th run, or for opening its `n`th session. */
const failing = (what: "run" | "open", n: number): Backend => {
  let left = n;
  const fails = (of: "run" | "open"): boolean => of === what && --left === 0;
  return {
    ...reference,
    open: (program, resident) =>
      Effect.suspend(() =>
        fails("open")
          ? Effect.fail(full)
          : Effect.map(reference.open(program, resident), (session) => ({
              ...session,
              run: (feeds, spent) =>
                Effect.suspend(() => (fails("run") ? Effect.fail(full) : session.run(feeds, spent))),
            })),
      ),
  };
};

const run = (store: string, backend: Backend) => {
  const services = Layer.mergeAll(
    layerFileSystem(store),
    layerHttp,
    Layer.succeed(Events, { emit: () => Effect.void }),
    Layer.succeed(Reports, { version: 1, render: () => Effect.succeed("") }),
  ).pipe(Layer.provideMerge(nodeServices));
  const setting = { backend, data: hostConfig("."), program: "test", reports: join(store, "reports") };
  return Effect.runPromise(execute(plan, ["blame"], setting).pipe(Effect.provide(services)));
};

describe("an engine out of memory", () => {
  it.each([
    ["run", 1],
    ["run", 5],
    ["run", 11],
    ["run", 16],
    ["open", 1],
    ["open", 2],
    ["open", 3],
  ] as const)("at %s %i: says so at the step, and the next run goes on to the same bytes", async (what, n) => {
    const whole = await run(folder(), reference);
    const store = folder();
    const stopped = await run(store, failing(what, n));
    expect(stopped.status).toBe("failed");
    expect(stopped.diagnostics).toMatchObject([
      { code: "MTT5301", message: expect.stringContaining("failed: the engine is out of memory"), help: full.help },
    ]);
    const again = await run(store, reference);
    expect([again.status, again.diagnostics]).toEqual(["done", []]);
    for (const id of ["model", "blame"]) expect(again.outcomes.get(id)!.content).toBe(whole.outcomes.get(id)!.content);
  });
});
