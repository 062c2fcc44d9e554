import { describe, expect, it } from "vitest";
import { builtins } from "../../src/check/builtins.ts";
import { surface } from "../../src/ir/surface.ts";

describe("what is built in", () => {
  const operations = [...surface].map(([name, { parameters: own }]) => ({ name, parameters: own }));
  const parameters = [...builtins, ...operations].flatMap(({ name, parameters: own }) =>
    own.map((parameter) => ({ of: `${name}(${parameter.name})`, name: parameter.name, doc: parameter.doc })),
  );

  it("has a sentence for every parameter", () => {
    expect(parameters.length).toBeGreaterThan(250);
    const silent = parameters.filter(({ doc }) => !/^[A-Z0-9`].* .*\.$/.test(doc));
    expect(silent.map(({ of, doc }) => `${of}: ${doc}`)).toEqual([]);
  });

  it("says more of a parameter than its name", () => {
    const words = (text: string) => text.toLowerCase().match(/[a-z]+/g) ?? [];
    const empty = parameters.filter(({ name, doc }) => words(doc).every((word) => [name, "the", "a"].includes(word)));
    expect(empty.map(({ of }) => of)).toEqual([]);
  });
});
