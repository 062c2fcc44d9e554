import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { finished, folderOf, mtt, removeFolders, small } from "./mtt.ts";

afterAll(removeFolders);

describe("the gallery of an influence step", () => {
  it.each([
    ["all scores", "method: grad_dot()"],
    ["those that `top:` kept", "method: grad_dot(), top: 3"],
  ])("shows the training images behind the first test images, from %s, and again from the store", async (_, how) => {
    const cwd = folderOf({
      "p.mtt": `${small.slice(0, small.indexOf("report results"))}
influence blame { model: model, test: digits.test |> take(2), ${how} }
report results { show: [gallery(blame, top: 2), gallery(blame |> of_test(1), top: 1)] }
`,
    });
    const pages: string[] = [];
    for (const status of ["ran", "cached"]) {
      const { code, stdout } = await mtt(["run", "p.mtt", "results", "--format", "json"], { cwd });
      expect(code).toBe(0);
      const { results } = finished(stdout).steps;
      expect(results!.status).toBe(status);
      pages.push(readFileSync(String(results!.result.file), "utf8"));
    }
    const [text = "", again] = pages;
    expect(again).toBe(text);
    // Two test examples with two and two beside each, then one with one and one.
    expect(text.match(/<article /g)).toHaveLength(3);
    expect(text.match(/<img /g)).toHaveLength(2 * 5 + 3);
    const scores = [...text.matchAll(/<br>(\+?-?[\d.e-]+)<\/figcaption>/g)].map(([, score]) => Number(score));
    expect(scores.map(Math.sign)).toEqual([1, 1, -1, -1, 1, 1, -1, -1, 1, -1]);
    expect(Math.abs(scores[0]!)).toBeGreaterThanOrEqual(Math.abs(scores[1]!));
    expect(Math.abs(scores[2]!)).toBeGreaterThanOrEqual(Math.abs(scores[3]!));
  });
});
