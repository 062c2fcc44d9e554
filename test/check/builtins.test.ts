import { describe, expect, it } from "vitest";
import { builtins } from "../../src/check/builtins.ts";

describe("what is built in", () => {
  const parameters = builtins.flatMap(({ name, parameters: own }) =>
    own.map((parameter) => ({ of: `${name}(${parameter.name})`, ...parameter })),
  );

  it("has a sentence for every parameter", () => {
    expect(parameters.length).toBeGreaterThan(100);
    const silent = parameters.filter(({ doc }) => !/^[A-Z0-9`].* .*\.$/.test(doc));
    expect(silent.map(({ of, doc }) => `${of}: ${doc}`)).toEqual([]);
  });

  it("says more of a parameter than its name", () => {
    const words = (text: string) => text.toLowerCase().match(/[a-z]+/g) ?? [];
    const empty = parameters.filter(({ name, doc }) => words(doc).every((word) => [name, "the", "a"].includes(word)));
    expect(empty.map(({ of }) => of)).toEqual([]);
  });
});
