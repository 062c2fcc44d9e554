import { afterAll, describe, expect, it } from "vitest";
import { blame } from "../../pipelines/scripts/blame.ts";
import { folderOf, removeFolders } from "../cli/mtt.ts";

afterAll(removeFolders);

describe("the scripts in pipelines/scripts", () => {
  it("blame.ts: training without what harmed most mends the mistakes", async () => {
    const { mistakes, behind, residual, loss } = await blame({ store: folderOf(), params: { epochs: 6 } });
    expect(mistakes).toHaveLength(8);
    expect(behind).toHaveLength(5);
    expect(residual).toBeLessThanOrEqual(1e-4);
    expect(loss.after).toBeLessThan(loss.before);
  });
});
