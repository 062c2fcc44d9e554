import { describe, expect, it } from "vitest";
import { rateAt } from "../../src/learn/schedules.ts";
import type { Schedule } from "../../src/plan/training.ts";

const at = (schedule: Schedule, steps: readonly number[]) => steps.map((step) => rateAt(schedule, step));

describe("schedules", () => {
  it("constant", () => expect(at({ kind: "constant", rate: 0.5 }, [0, 10])).toEqual([0.5, 0.5]));

  it("step falls at whole periods", () =>
    expect(at({ kind: "step", rate: 8, every: 10, factor: 0.5 }, [0, 9, 10, 19, 20])).toEqual([8, 8, 4, 4, 2]));

  it("exponential falls smoothly", () =>
    expect(at({ kind: "exponential", rate: 8, every: 10, factor: 0.25 }, [0, 5, 10, 20])).toEqual([8, 4, 2, 0.5]));

  it("cosine reaches half in the middle and ends at 0", () => {
    const [first, middle, last, after] = at({ kind: "cosine", rate: 2, steps: 100 }, [0, 50, 100, 150]);
    expect(first).toBe(2);
    expect(middle).toBeCloseTo(1, 15);
    expect(last).toBe(0);
    expect(after).toBe(0);
  });

  it("warmup rises to the first rate of what follows", () => {
    const then: Schedule = { kind: "step", rate: 1, every: 2, factor: 0.5 };
    expect(at({ kind: "warmup", steps: 4, then }, [0, 1, 2, 3, 4, 5, 6])).toEqual([0.25, 0.5, 0.75, 1, 1, 1, 0.5]);
  });

  it("piecewise keeps the rate of the last point", () => {
    const points = [
      [0, 0.1],
      [5, 0.01],
      [8, 0.001],
    ] as const;
    expect(at({ kind: "piecewise", points }, [0, 4, 5, 7, 8, 99])).toEqual([0.1, 0.1, 0.01, 0.01, 0.001, 0.001]);
  });
});
