import { parseArgs } from "node:util";
import * as Effect from "effect/Effect";
import { selectBackend } from "../src/backend/available.ts";
import type { Backend } from "../src/backend/backend.ts";
import { handles } from "../src/backend/tensorflow.ts";
import { worksOf } from "./works.ts";

// A thousand training steps of one session, and a session opened and closed every ten of them: memory and handles must stay where they are.

const { values: flags } = parseArgs({
  options: {
    backend: { type: "string", multiple: true, default: ["tensorflow", "onnx"] },
    steps: { type: "string", default: "1000" },
    limit: { type: "string", default: "64" },
  },
});
const steps = Number(flags.steps);
/** Megabytes by which memory may grow after the first third, which warms up. */
const limit = Number(flags.limit);
const works = worksOf(1).works.filter(({ spec }) => spec === 0);
const of = (kind: string) => works.find((work) => work.kind === kind)!.open;

const megabytes = () => {
  globalThis.gc?.();
  return process.memoryUsage.rss() / 2 ** 20;
};

const soak = (backend: Backend): Effect.Effect<boolean, unknown> =>
  Effect.scoped(
    Effect.gen(function* () {
      const step = yield* of("step")(backend);
      yield* step;
      const before = handles();
      let warm = Number.POSITIVE_INFINITY;
      let last = 0;
      console.log(`${backend.identity}: MB, tensors, sessions`);
      for (let i = 1; i <= steps; i++) {
        yield* step;
        if (i % 10 === 0) yield* Effect.scoped(Effect.flatMap(of("forward")(backend), (call) => call));
        if (i % Math.max(1, Math.floor(steps / 10)) !== 0) continue;
        last = megabytes();
        if (i <= steps / 3) warm = last;
        const { tensors, sessions } = handles();
        console.log(`  ${String(i).padStart(6)}  ${last.toFixed(0).padStart(6)}  ${tensors}  ${sessions}`);
      }
      const after = handles();
      const still = after.tensors === before.tensors && after.sessions === before.sessions;
      if (!still) console.error(`${backend.identity}: tensors or sessions are left`);
      if (last - warm > limit) console.error(`${backend.identity}: memory grew by ${(last - warm).toFixed(0)} MB`);
      return still && last - warm <= limit;
    }),
  );

let ok = true;
for (const name of flags.backend) {
  const backend = await Effect.runPromise(selectBackend(name as Backend["name"], "cpu", 2));
  ok = (await Effect.runPromise(soak(backend))) && ok;
}
process.exitCode = ok ? 0 : 1;
