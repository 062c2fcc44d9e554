import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { eventsOf, finished, folderOf, mtt, removeFolders, small } from "./mtt.ts";

afterAll(removeFolders);

const swept = `${small.slice(0, small.indexOf("assert on_test"))}
sweep rates = model with { optimizer: adam(rate: each([0.01, 0.001])), seed: each([1, 2]) }
evaluate compared { model: rates, data: digits.test }
let chosen = best(compared, by: accuracy)
report results { show: [table(compared), curves(rates), summary(chosen)] }
`;

it("a sweep as people meet it: its events, its tables, a member by name, the chosen model as a file", async () => {
  const cwd = folderOf({ "p.mtt": swept });
  const run = await mtt(["run", "p.mtt", "--format", "json"], { cwd });
  expect([run.code, run.stderr]).toEqual([0, ""]);
  const names = ["rate 0.01, seed 1", "rate 0.01, seed 2", "rate 0.001, seed 1", "rate 0.001, seed 2"];
  const ended = eventsOf(run.stdout).flatMap(({ event, step }) =>
    event === "step.finished" || event === "step.cached" ? [`${event} ${String(step)}`] : [],
  );
  // The first member is the model itself.
  expect(ended.filter((line) => line.includes(" rates/"))).toEqual(
    names.map((name, i) => `step.${i === 0 ? "cached" : "finished"} rates/${name}`),
  );
  const { steps } = finished(run.stdout);
  expect(steps.compared!.result).toMatchObject({
    count: 4,
    members: names.map((name) => ({ name, figures: { accuracy: steps[`compared/${name}`]!.result.accuracy } })),
  });

  const html = readFileSync(String(steps.results!.result.file), "utf8");
  expect(html).toContain('<th scope="col">rate</th><th scope="col">seed</th><th scope="col">accuracy</th>');
  for (const name of names) expect(html).toContain(`rates/${name}, training`);

  const table = await mtt(["run", "p.mtt", "compared", "--quiet"], { cwd });
  const lines = table.stdout.trimEnd().split("\n");
  expect(lines[0]).toBe("compared: count 4");
  expect(lines[1]).toMatch(/^ {2}rate +seed +accuracy +count +loss$/);
  expect(lines.slice(2).map((line) => line.trim().split(/ +/).slice(0, 2).join(" "))).toEqual([
    "0.01 1",
    "0.01 2",
    "0.001 1",
    "0.001 2",
  ]);
  const plan = await mtt(["plan", "p.mtt"], { cwd });
  expect(plan.stdout).not.toMatch(/ (run|waits) /);
  const member = await mtt(["run", "p.mtt", `rates/${names[1]}`, "--quiet"], { cwd });
  expect([member.code, member.stdout]).toEqual([
    0,
    expect.stringMatching(/^rates\/rate 0\.01, seed 2: epochs 3, loss /),
  ]);

  const accuracies = names.map((name) => Number(steps[`compared/${name}`]!.result.accuracy));
  const best = names[accuracies.indexOf(Math.max(...accuracies))]!;
  for (const [of, to] of [
    ["chosen", "chosen.safetensors"],
    [`rates/${best}`, "member.safetensors"],
  ] as const)
    expect((await mtt(["export", "p.mtt", of, "--to", to], { cwd })).code).toBe(0);
  expect(readFileSync(join(cwd, "chosen.safetensors"))).toEqual(readFileSync(join(cwd, "member.safetensors")));
});
