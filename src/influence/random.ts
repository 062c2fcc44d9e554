import { fillNormal } from "../random/random.ts";
import type { Scorer } from "./method.ts";

/** The baseline: normal draws, of each test example its own, the same whatever else is asked. */
export const random = (seed: number): Scorer =>
  function* ({ m, n, self }, sink) {
    const rows = self ? 1 : m;
    for (let at = 0; at < rows; at++) {
      const scores = new Float64Array(n);
      fillNormal(scores, seed, "influence/random", at);
      yield* sink.put(at, self ? n : 1, scores);
    }
    return { seed };
  };
