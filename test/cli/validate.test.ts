import { afterAll, describe, expect, it } from "vitest";
import { type Event, eventsOf, finished, folderOf, mtt, removeFolders } from "./mtt.ts";

afterAll(removeFolders);

const program = `let digits = glyphs(n: 200, seed: 1)
network Pooled(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(4x4) |> flatten |> linear(10)
train model {
  network: Pooled, data: digits.train, loss: softmax_cross_entropy
  regularize: l2(0.01), optimizer: lbfgs(tolerance: 1e-8)
}
influence blame { model: model, test: digits.test |> take(2), method: exact() }
validate loo { influence: blame, by: leave_one_out(count: 60) }
`;
const args = ["run", "p.mtt", "loo", "--format", "json"];

const parts = (events: readonly Event[], event: string) =>
  events.flatMap(({ event: kind, step, result }) =>
    kind === event && typeof step === "string" && step.startsWith("loo/without") ? [{ step, result }] : [],
  );

describe("kill -9 in the middle of a validation", () => {
  it("then run again: what was retrained is kept, and the result is that of a run never stopped", async () => {
    const unbroken = await mtt(args, { cwd: folderOf({ "p.mtt": program }) });
    expect([unbroken.code, unbroken.stderr]).toEqual([0, ""]);
    const cwd = folderOf({ "p.mtt": program });
    let struck = false;
    const { signal, stdout } = await mtt(args, {
      cwd,
      watch: (child, text) => {
        if (!struck && text.split('"step":"loo/without').length > 50) struck = child.kill("SIGKILL");
      },
    });
    expect(signal).toBe("SIGKILL");
    const done = parts(eventsOf(stdout), "step.finished");
    expect(done.length).toBeGreaterThan(10);
    expect(done.length).toBeLessThan(60);

    const again = await mtt(args, { cwd });
    expect([again.code, again.stderr]).toEqual([0, ""]);
    const cached = parts(eventsOf(again.stdout), "step.cached");
    expect(cached).toEqual(expect.arrayContaining(done));
    expect(cached.length + parts(eventsOf(again.stdout), "step.finished").length).toBe(60);
    const result = (text: string) => finished(text).steps.loo!.result;
    expect(result(again.stdout)).toEqual(result(unbroken.stdout));
    expect(result(again.stdout)).toMatchObject({ retrained: 60, unconverged: 0 });
  });
});
