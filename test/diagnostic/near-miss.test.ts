import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nearest, nearMiss } from "../../src/diagnostic/near-miss.ts";

const fields = ["network", "data", "loss", "optimizer", "batch", "epochs", "seed", "label", "test"];

describe("nearMiss", () => {
  it.each([
    ["netwrok", "network"],
    ["optimiser", "optimizer"],
    ["epoch", "epochs"],
    ["epohcs", "epochs"],
    ["Batch", "batch"],
    ["DATA", "data"],
    ["sed", "seed"],
    ["lable", "label"],
    ["dat", "data"],
  ])("%s means %s", (word, meant) => expect(nearMiss(word, fields)).toBe(meant));

  it.each(["x", "rate", "momentum", "learning_rate", "", "qqqqqqqqqq"])("%s means none of them", (word) => {
    expect(nearMiss(word, fields)).toBeUndefined();
  });

  it("where no letters are near, means what shares a part of four letters or more", () => {
    const known = ["softmax_cross_entropy", "binary_cross_entropy", "mean_squared_error", "rate"];
    expect(nearest("cross_entropy", known)).toEqual({ word: known[0], sure: false, others: [known[1]] });
    expect(nearest("learning_rates", known)).toBeUndefined();
    expect(nearest("warm_rate", known)).toEqual({ word: "rate", sure: false, others: [] });
    expect(nearest("squared", known)).toEqual({ word: "mean_squared_error", sure: false, others: [] });
    expect(nearest("cross_entrop", known)).toBeUndefined();
  });

  it("prefers the candidate that begins alike, then the earlier one", () => {
    expect(nearMiss("tain", ["main", "train"])).toBe("train");
    expect(nearMiss("cat", ["car", "can"])).toBe("car");
  });

  it("never proposes the word itself, and always one of the candidates", () => {
    const property = (word: string, candidates: string[]) => {
      const found = nearMiss(word, candidates);
      expect(found === undefined || (found !== word && candidates.includes(found))).toBe(true);
    };
    fc.assert(fc.property(fc.string({ maxLength: 12 }), fc.array(fc.string({ maxLength: 12 })), property));
  });

  it("finds every long word that lost, gained, changed or swapped one letter", () => {
    const word = fc.string({ unit: fc.constantFrom(..."abcdefghij"), minLength: 6, maxLength: 14 });
    const property = (text: string, at: number, kind: number) => {
      const i = at % (text.length - 1);
      const changed = [
        text.slice(0, i) + text.slice(i + 1),
        `${text.slice(0, i)}z${text.slice(i)}`,
        `${text.slice(0, i)}z${text.slice(i + 1)}`,
        text.slice(0, i) + text[i + 1] + text[i] + text.slice(i + 2),
      ][kind]!;
      fc.pre(changed !== text);
      expect(nearMiss(changed, [text])).toBe(text);
    };
    fc.assert(fc.property(word, fc.nat(), fc.nat(3), property));
  });

  it("knows what other libraries call it, where there is such a name", () => {
    expect(nearest("learning_rate", ["warmup", "rate"])).toEqual({ word: "rate", sure: true });
    expect(nearest("LR", ["rate"])).toEqual({ word: "rate", sure: true });
    expect(nearest("filter", ["conv2d_filter_gradient", "where"])).toEqual({ word: "where", sure: true });
    expect(nearest("lr", ["beta1"])).toBeUndefined();
  });
});
