import { describe, expect, it } from "vitest";
import { outcomeOf } from "./properties.ts";
import { textOf } from "./texts.ts";

describe("mutated programs and tokens in any order", () => {
  it("are no crash, have every place inside, say the same twice and formatted; many of them parse and some compile", () => {
    const seed = 7;
    const outcomes = Array.from({ length: 200 }, (_, index) => ({ index, ...outcomeOf(textOf(seed, index)) }));
    expect(outcomes.filter(({ broken }) => broken !== undefined)).toEqual([]);
    expect(outcomes.filter(({ parses }) => parses).length).toBeGreaterThan(30);
    expect(outcomes.filter(({ compiles }) => compiles).length).toBeGreaterThan(5);
  });
});
