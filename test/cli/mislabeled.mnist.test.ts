import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";
import { load } from "../../src/index.ts";

const store = mkdtempSync(join(tmpdir(), "mtt-mislabeled-"));
afterAll(() => rmSync(store, { recursive: true, force: true }));

/** docs/influence-results.md has the same over 50,000 images. */
it("pipelines/mislabeled.mtt over 2,000 images: nine in ten wrong labels are found in the first fifth, and what is left teaches better", async () => {
  const { run } = await load(resolve(import.meta.dirname, "../../pipelines/mislabeled.mtt"), { store });
  const { status, diagnostics, summaries } = await run();
  expect(diagnostics.map(({ message }) => message)).toEqual([]);
  expect(status).toBe("done");
  expect(summaries["digits.train"]!.result.origin).toBe("mnist");
  const found = (name: string) => [1, 2, 3].map((n) => Number(summaries[`${name}${n}`]!.result.found));
  for (const shares of [found("found"), found("spotted")]) {
    expect(shares).toHaveLength(3);
    for (const share of shares) expect(share).toBeGreaterThan(0.85);
  }
  const accuracy = (name: string) => Number(summaries[name]!.result.accuracy);
  for (const n of [1, 2, 3]) expect(accuracy(`after${n}`)).toBeGreaterThan(accuracy(`before${n}`));
});
