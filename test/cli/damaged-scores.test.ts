import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { load } from "../../src/index.ts";
import { eventsOf, finished, folderOf, mtt, removeFolders } from "./mtt.ts";

afterAll(removeFolders);

const program = `let digits = glyphs(n: 200, seed: 1)
network Pooled(image: f32[28, 28, 1]) -> f32[10] = image |> avg_pool(7x7) |> flatten |> dense(10)
train model { network: Pooled, data: digits.train, loss: softmax_cross_entropy, optimizer: adam(rate: 0.01), batch: 50, epochs: 2, seed: 1 }
influence blame { model: model, test: digits.test |> take(2), method: cg(damping: 0.1, tolerance: 1e-4) }
train cleaned = model with { data: digits.train |> without(blame |> of_test(1) |> most_harmful(20)) }
report page { show: [gallery(blame)] }
`;
const run = (cwd: string) => mtt(["run", "p.mtt", "--format", "json", "--backend", "reference"], { cwd });

/** Harms the scores, and lets what was made of them be made again. */
const harm = (cwd: string, steps: ReturnType<typeof finished>["steps"], again: readonly string[]): string => {
  const record = readFileSync(join(cwd, ".mtt/results", steps.blame!.key, "result.json"), "utf8");
  const hash: string = JSON.parse(record).result.files["scores.npy"].object;
  const file = join(cwd, ".mtt/objects", hash.slice(0, 2), hash.slice(2));
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  for (const name of again) rmSync(join(cwd, ".mtt/results", steps[name]!.key), { recursive: true });
  return hash;
};

describe("scores that turn out damaged while they are read", () => {
  it.each([["page"], ["cleaned"]])(
    "are named, and computed again by the run that needs them for %s",
    async (reader) => {
      const cwd = folderOf({ "p.mtt": program });
      const first = await run(cwd);
      expect(first.code).toBe(0);
      const { steps } = finished(first.stdout);
      const hash = harm(cwd, steps, [reader]);
      const { code, stdout } = await run(cwd);
      expect(code).toBe(0);
      const again = finished(stdout).steps;
      expect(again.blame).toMatchObject({ status: "ran", key: steps.blame!.key });
      expect(again[reader]).toMatchObject({ status: "ran", key: steps[reader]!.key, result: steps[reader]!.result });
      expect(eventsOf(stdout).find(({ code: found }) => found === "MTT5003")?.message).toContain(hash);
      expect(existsSync(join(cwd, ".mtt/damaged", `objects-${hash.slice(0, 2)}-${hash.slice(2)}`))).toBe(true);
      const third = await run(cwd);
      expect(Object.values(finished(third.stdout).steps).map(({ status }) => status)).not.toContain("ran");
    },
  );

  it("are computed again for a script that reads them", async () => {
    const cwd = folderOf({ "p.mtt": program, "mtt.yaml": "backend: reference\n" });
    const { steps } = finished((await run(cwd)).stdout);
    const opened = await load(join(cwd, "p.mtt"));
    const before = await opened.get(opened.influence("blame"));
    harm(cwd, steps, []);
    const after = await opened.get(opened.influence("blame"));
    expect(after.scores).toEqual(before.scores);
  });
});
