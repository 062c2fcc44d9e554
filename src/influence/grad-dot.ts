import type { Asking } from "./asking.ts";
import { blockWidth } from "./blocks.ts";
import { gradientsOf } from "./gradients.ts";
import type { Scorer } from "./method.ts";
import type { Problem } from "./problem.ts";
import { gradientNorms, scoringPass } from "./score.ts";
import { dot, norm, row } from "./vectors.ts";

/** ∇m · ∇L / n: influence with the identity for a Hessian (Charpiat et al. 2019). */
export const gradDot: Scorer = (problem, sink) => products(problem, sink, "dot");

/** cos(∇m, ∇L), without a unit (Charpiat et al. 2019). Zero where a gradient is. */
export const gradCos: Scorer = (problem, sink) => products(problem, sink, "cosine");

function* products(problem: Problem, sink: Parameters<Scorer>[1], kind: "dot" | "cosine"): ReturnType<Scorer> {
  const { m, n, self, measure, loss, testData } = problem;
  const width = blockWidth(problem, false);
  const gradients = gradientsOf(problem, { measure, data: testData, examples: m, width: Math.min(width, 64) });
  const own = measure === loss ? gradients : gradientsOf(problem, { measure: loss, data: 0, examples: n, width: 64 });
  const scoring = scoringPass(problem, m > width);
  const norms = kind === "cosine" && !self ? yield* gradientNorms(problem, loss) : undefined;
  const divided = (product: number, a: number, b: number): number => (a === 0 || b === 0 ? 0 : product / (a * b));
  for (let from = 0; from < m; from += width) {
    const to = Math.min(m, from + width);
    const tests = yield* gradients.of(from, to);
    if (self) {
      const trains = own === gradients ? tests : yield* own.of(from, to);
      const scores = Float64Array.from({ length: to - from }, (_, i) => {
        const [x, y] = [row(tests, i), row(trains, i)];
        return kind === "dot" ? dot(x, y) / n : divided(dot(x, y), norm(x), norm(y));
      });
      yield* sink.put(from, to - from, scores);
    } else {
      const scores = yield* scoring.along(tests);
      for (let i = 0; i < to - from; i++) {
        const length = norm(row(tests, i));
        for (let j = 0; j < n; j++) {
          const at = i * n + j;
          scores[at] = norms === undefined ? scores[at]! / n : divided(scores[at]!, length, norms[j]!);
        }
      }
      yield* sink.put(from, to - from, scores);
    }
    yield* progress(to, m);
  }
  yield* gradients.release();
  if (own !== gradients) yield* own.release();
  yield* scoring.release();
  return { scoring: self ? "gradients" : scoring.way };
}

export function* progress(done: number, of: number): Asking<void> {
  yield { do: "progress", fraction: done / of, figures: { tests: done } };
}
