import { expect, it } from "vitest";
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
