import { describe, expect, it } from "vitest";
import { fromArrays, type LbfgsState, largest, lbfgs, toArrays } from "../../src/learn/lbfgs.ts";
import type { Evaluate } from "../../src/learn/line-search.ts";
import type { Answer, Command } from "../../src/plan/algorithm.ts";

/** Minimum 0 at (1, …, 1): a curved valley that steepest descent crawls along. */
const rosenbrock = (x: Float64Array) => {
  let value = 0;
  const gradient = new Float64Array(x.length);
  for (let i = 0; i + 1 < x.length; i++) {
    const [a, b] = [x[i]!, x[i + 1]!];
    value += 100 * (b - a * a) ** 2 + (1 - a) ** 2;
    gradient[i]! += -400 * a * (b - a * a) - 2 * (1 - a);
    gradient[i + 1]! += 200 * (b - a * a);
  }
  return { value, gradient };
};

const minimize = (
  f: (x: Float64Array) => { value: number; gradient: Float64Array },
  start: Float64Array | LbfgsState,
  iterations = 500,
) => {
  let evaluations = 0;
  const seen: LbfgsState[] = [];
  const evaluate: Evaluate = function* (x) {
    yield { do: "progress", fraction: 0, figures: { evaluation: evaluations++ } };
    return f(x);
  };
  const algorithm = lbfgs<Command, Answer>(
    evaluate,
    start,
    { tolerance: 1e-10, history: 10, iterations },
    function* (state) {
      seen.push(state);
      yield { do: "progress", fraction: 0, figures: {} };
    },
  );
  let next = algorithm.next();
  while (!next.done) next = algorithm.next(undefined);
  return { ...next.value, evaluations, seen };
};

describe("L-BFGS", () => {
  it("finds the minimum of Rosenbrock's function in 10 dimensions", () => {
    const { state, end, evaluations } = minimize(rosenbrock, new Float64Array(10).fill(-1.2));
    expect(end).toBe("converged");
    expect(largest(state.gradient)).toBeLessThanOrEqual(1e-10);
    for (const value of state.x) expect(value).toBeCloseTo(1, 10);
    expect(evaluations).toBeLessThan(250);
  });

  it("never takes a step that raises the value by more than rounding", () => {
    const { seen } = minimize(rosenbrock, Float64Array.of(-1.2, 1, 2, -3));
    for (let i = 1; i < seen.length; i++) expect(seen[i]!.value).toBeLessThanOrEqual(seen[i - 1]!.value + 1e-12);
  });

  it("goes on from its arrays in the same bits", () => {
    const start = new Float64Array(10).fill(-1.2);
    const whole = minimize(rosenbrock, start);
    const part = minimize(rosenbrock, start, 17);
    expect(part.end).toBe("iterations");
    const rest = minimize(rosenbrock, fromArrays(toArrays(part.state), part.state.iteration)!);
    expect(rest.state).toEqual(whole.state);
    expect(part.evaluations + rest.evaluations).toBe(whole.evaluations);
  });

  it("reaches the solution of an ill-conditioned quadratic", () => {
    const scales = Float64Array.from({ length: 30 }, (_, i) => 10 ** (i / 7));
    const { state, end } = minimize(
      (x) => ({
        value: x.reduce((sum, v, i) => sum + 0.5 * scales[i]! * (v - i) ** 2, 0),
        gradient: x.map((v, i) => scales[i]! * (v - i)),
      }),
      new Float64Array(30),
      3000,
    );
    expect(end).toBe("converged");
    state.x.forEach((v, i) => {
      expect(v).toBeCloseTo(i, 8);
    });
  });

  it("comes back from a region where the function is not finite", () => {
    const { state, end } = minimize(
      (x) => ({ value: x[0]! - Math.log(x[0]!), gradient: Float64Array.of(1 - 1 / x[0]!) }),
      Float64Array.of(100),
    );
    expect(end).toBe("converged");
    expect(state.x[0]).toBeCloseTo(1, 9);
  });

  it("says that a function without a minimum ends without convergence", () => {
    const { end } = minimize(
      (x) => ({ value: -Math.exp(x[0]!), gradient: Float64Array.of(-Math.exp(x[0]!)) }),
      Float64Array.of(1),
      50,
    );
    expect(end).not.toBe("converged");
  });
});
