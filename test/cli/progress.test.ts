import { describe, expect, it } from "vitest";
import { Pace } from "../../src/cli/pace.ts";
import { linesView } from "../../src/cli/progress.ts";

it("an influence's line has its certificate first, and what it took last", () => {
  const lines: string[] = [];
  const view = linesView((line) => lines.push(line));
  const event = {
    step: "blame",
    kind: "influence",
    key: "k",
    seconds: 207.2,
    result: {
      test: 8,
      method: "cg",
      residual: 8.59e-4,
      damping: 0.3914,
      hvps: 89,
      smallest: -0.1957,
      largest: 8.092,
      details: {},
      seconds: 207.2,
      solving_seconds: 204.9,
      scoring_seconds: 2.31,
      peak_memory: 688_900_000,
    },
  } as const;
  view.show({ event: "step.finished", ...event });
  view.show({ event: "step.cached", ...event });
  const certificate = "method cg, residual 0.0008590, damping 0.3914, hvps 89, smallest -0.1957, largest 8.092";
  expect(lines).toEqual([
    `✓ blame  ${certificate}  (3 min 27 s, solving 3 min 25 s, scoring 2.3 s, 689 MB)`,
    `= blame  ${certificate}  (cached)`,
  ]);
});

it("parts of one name, block by block, are told of once, and where they take long", () => {
  const lines: string[] = [];
  const view = linesView((line) => lines.push(line));
  const part = (step: string, seconds: number, event: "step.finished" | "step.cached" = "step.finished") => {
    const of = { step, kind: "part", key: "k" };
    if (event === "step.finished") view.show({ event: "step.started", ...of });
    view.show({ event, ...of, seconds, result: {} });
  };
  for (const seconds of [0.1, 0.2, 2.5, 0.1]) part("own/gradients", seconds);
  part("own/gradients", 9, "step.cached");
  part("own/hessian", 0.1);
  expect(lines).toEqual([
    "… own/gradients",
    "✓ own/gradients  (0.1 s)",
    "✓ own/gradients  (2.5 s)",
    "… own/hessian",
    "✓ own/hessian  (0.1 s)",
  ]);
});

it("where nothing has an epoch, a line comes every half minute", () => {
  const lines: string[] = [];
  let now = 0;
  const view = linesView(
    (line) => lines.push(line),
    () => now,
  );
  for (let i = 1; i <= 10; i++) {
    now += 10_000;
    view.show({ event: "step.progress", step: "blame", fraction: i / 10, figures: { examples: i, of: 10 } });
  }
  expect(lines).toEqual(["  blame 30 %  examples 3/10", "  blame 60 %  examples 6/10", "  blame 90 %  examples 9/10"]);
});

describe("the pace of a step", () => {
  it("says what is counted a second, and begins anew where the count does", () => {
    const pace = new Pace();
    pace.add(0, { step: 100, loss: 1 }, 0);
    expect(pace.rate({ step: 100 }, 0)).toBeUndefined();
    pace.add(0.1, { step: 150, loss: 1 }, 500);
    expect(pace.rate({ step: 150 }, 500)).toBe("100 steps/s");
    pace.add(0.2, { examples: 10 }, 1000);
    pace.add(0.2, { examples: 13 }, 2000);
    expect(pace.rate({ examples: 13 }, 2000)).toBe("3.0 examples/s");
    pace.add(0.2, { examples: 0 }, 3000);
    pace.add(0.2, { examples: 50 }, 4000);
    expect(pace.rate({ examples: 50 }, 4000)).toBe("50 examples/s");
    expect(pace.rate({ loss: 1 }, 4000)).toBeUndefined();
  });

  it("says the time left by how far it came lately, counts down between two looks, and says nothing before it can know", () => {
    const pace = new Pace();
    expect(pace.left(0)).toBe("");
    // From where an earlier run left off: what was stored took no time.
    pace.add(0.5, {}, 0);
    expect(pace.left(0)).toBe("");
    pace.add(0.6, {}, 10_000);
    expect(pace.left(10_000)).toBe("40s left");
    expect(pace.left(15_000)).toBe("35s left");
    // Slower now: what was long ago is forgotten.
    for (let i = 1; i <= 10; i++) pace.add(0.6 + i / 1000, {}, 10_000 + i * 10_000);
    expect(pace.left(110_000)).toBe("1h05m left");
    pace.add(0.1, {}, 120_000);
    expect(pace.left(120_000)).toBe("");
    pace.add(0.55, {}, 130_000);
    expect(pace.left(130_000)).toBe("10s left");
    pace.add(1, {}, 140_000);
    expect(pace.left(140_000)).toBe("");
  });
});
