import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { blame } from "../../pipelines/scripts/blame.ts";
import { layersOf, mttfnet } from "../../pipelines/scripts/mttfnet.ts";
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

  it("mttfnet.ts: restored layers stay as they were, the others are trained on and have influence", async () => {
    const layers = layersOf(`[
      { "kernel": [5, 5], "stride": [4, 4], "pad": "valid", "channels": 4, "activation": "relu", "trained": true },
      { "channels": 10, "dropout": 0.9, "trained": true }
    ]`);
    const { whole, head, accuracy, scores } = await mttfnet(layers, 3, { store: folderOf() });
    expect(head.parameters["layer0/W"]).toEqual(whole.parameters["layer0/W"]);
    expect(head.parameters["layer1/W"]).not.toEqual(whole.parameters["layer1/W"]);
    expect(accuracy).toBeGreaterThan(0.3);
    expect(scores.shape).toEqual([4, 2000]);
    expect(scores.data.some((score) => score !== 0)).toBe(true);
    expect(() => layersOf('[{ "channels": 1.5, "trained": true }]')).toThrow("channels");
    expect(layersOf(readFileSync("pipelines/scripts/mttfnet.json", "utf8"))).toHaveLength(5);
  });
});
