import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  add,
  type Bindings,
  ceilDivide,
  type Dim,
  dimEquals,
  divideExactly,
  floorDivide,
  multiply,
  noBindings,
  product,
  showDim,
  showShape,
  substitute,
  substituteAxes,
  subtract,
  variable,
  variablesOf,
  window,
} from "../../src/shape/dim.ts";

const [h, k, n, s] = [variable("h"), variable("k"), variable("n"), variable("s")];

type Tree =
  | { readonly op: "variable"; readonly name: string }
  | { readonly op: "number"; readonly value: number }
  | { readonly op: "add" | "subtract" | "multiply"; readonly left: Tree; readonly right: Tree }
  | { readonly op: "ceil" | "floor"; readonly left: Tree; readonly by: number };

const trees = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, depthIdentifier: "tree" },
    fc.record({ op: fc.constant("variable" as const), name: fc.constantFrom("a", "b", "c") }),
    fc.record({ op: fc.constant("number" as const), value: fc.integer({ min: -3, max: 5 }) }),
    fc.record({
      op: fc.constantFrom("add" as const, "subtract" as const, "multiply" as const),
      left: tie("tree"),
      right: tie("tree"),
    }),
    fc.record({
      op: fc.constantFrom("ceil" as const, "floor" as const),
      left: tie("tree"),
      by: fc.integer({ min: 1, max: 6 }),
    }),
  ),
})).tree;

/** The tree as a size, its leaves given. */
function build(tree: Tree, leaf: (name: string) => Dim): Dim {
  switch (tree.op) {
    case "variable":
      return leaf(tree.name);
    case "number":
      return tree.value;
    case "add":
      return add(build(tree.left, leaf), build(tree.right, leaf));
    case "subtract":
      return subtract(build(tree.left, leaf), build(tree.right, leaf));
    case "multiply":
      return multiply(build(tree.left, leaf), build(tree.right, leaf));
    case "ceil":
      return ceilDivide(build(tree.left, leaf), tree.by);
    case "floor":
      return floorDivide(build(tree.left, leaf), tree.by);
  }
}

/** The same in plain arithmetic. */
function compute(tree: Tree, values: Readonly<Record<string, number>>): number {
  switch (tree.op) {
    case "variable":
      return values[tree.name]!;
    case "number":
      return tree.value;
    case "add":
      return compute(tree.left, values) + compute(tree.right, values);
    case "subtract":
      return compute(tree.left, values) - compute(tree.right, values);
    case "multiply":
      return compute(tree.left, values) * compute(tree.right, values);
    case "ceil":
      return Math.ceil(compute(tree.left, values) / tree.by);
    case "floor":
      return Math.floor(compute(tree.left, values) / tree.by);
  }
}

const values = fc.record({ a: fc.integer({ min: 1, max: 40 }), b: fc.integer({ min: 1, max: 9 }), c: fc.nat(7) });
const bound = (dims: Readonly<Record<string, Dim>>): Bindings => ({
  ...noBindings,
  dims: new Map(Object.entries(dims)),
});

describe("sizes", () => {
  test("a size in variables means what plain arithmetic says, for every value of them", () => {
    fc.assert(
      fc.property(trees, values, (tree, given) => {
        const size = substitute(build(tree, variable), bound(given));
        expect(size).toBe(compute(tree, given) + 0);
      }),
      { numRuns: 500 },
    );
  });

  test("numbers stay numbers", () => {
    fc.assert(
      fc.property(trees, values, (tree, given) => {
        expect(build(tree, (name) => given[name as "a"])).toBe(compute(tree, given) + 0);
      }),
    );
  });

  test("equal sizes are deeply equal whatever way they were built", () => {
    fc.assert(
      fc.property(trees, trees, trees, fc.integer({ min: 1, max: 5 }), (ta, tb, tc, by) => {
        const [a, b, c] = [build(ta, variable), build(tb, variable), build(tc, variable)];
        expect(add(a, b)).toEqual(add(b, a));
        expect(add(add(a, b), c)).toEqual(add(a, add(b, c)));
        expect(multiply(a, b)).toEqual(multiply(b, a));
        expect(multiply(a, add(b, c))).toEqual(add(multiply(a, b), multiply(a, c)));
        expect(subtract(add(a, b), b)).toEqual(a);
        expect(ceilDivide(add(a, multiply(by, b)), by)).toEqual(add(ceilDivide(a, by), b));
        expect(ceilDivide(a, by)).toEqual(floorDivide(add(a, by - 1), by));
        expect(divideExactly(multiply(a, by), by)).toEqual(a);
        expect(dimEquals(a, b)).toBe(showDim(a) === showDim(b));
      }),
      { numRuns: 200 },
    );
  });

  test("substitution is simultaneous and reaches into divisions", () => {
    const swapped = substitute(subtract(multiply(2, h), n), bound({ h: n, n: h }));
    expect(showDim(swapped)).toBe("2 * n - h");
    expect(substitute(ceilDivide(h, s), bound({ h: 7, s: 2 }))).toBe(4);
    expect(showDim(substitute(floorDivide(h, s), bound({ s: 2 })))).toBe("floor(h / 2)");
  });

  test.each([
    [ceilDivide(h, 2), "ceil(h / 2)"],
    [add(1, multiply(2, n)), "2 * n + 1"],
    [add(subtract(h, k), 1), "h - k + 1"],
    [subtract(3, h), "3 - h"],
    [multiply(h, add(n, 2)), "2 * h + h * n"],
    [multiply(h, h), "h * h"],
    [multiply(-1, h), "-h"],
    [ceilDivide(ceilDivide(h, 2), 2), "ceil(h / 4)"],
    [floorDivide(floorDivide(h, 2), 3), "floor(h / 6)"],
    [ceilDivide(add(multiply(4, h), 2), 6), "floor((2 * h) / 3) + 1"],
    [ceilDivide(h, s), "ceil(h / s)"],
    [ceilDivide(add(h, n), add(s, 1)), "ceil((h + n) / (s + 1))"],
    [ceilDivide(multiply(h, s), s), "h"],
    [product([h, { spread: "s" }, 2]), "2 * h * product(...s)"],
    [0, "0"],
    [subtract(h, h), "0"],
  ] as const)("prints as its row says: %#", (dim, text) => {
    expect(showDim(dim)).toBe(text);
  });

  test("variables are found wherever they stand", () => {
    const dim = add(window(h, k, s, { variable: "pad" })!, ceilDivide(n, variable("m")));
    expect([...variablesOf(dim)].sort()).toEqual(["h", "k", "m", "n", "s"]);
  });
});

describe("window", () => {
  test("counts the places of a window by sliding it", () => {
    const size = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 4 }), (length, kernel, stride) => {
        let fitting = 0;
        for (let start = 0; start + kernel <= length; start += stride) fitting++;
        expect(window(length, kernel, stride, "valid")).toBe(fitting === 0 ? undefined : fitting);
        expect(window(length, kernel, stride, "same")).toBe(Math.floor((length + stride - 1) / stride));
      }),
    );
  });

  test.each([
    [window(h, 3, 2, "same"), "ceil(h / 2)"],
    [window(h, 2, 2, "valid"), "floor(h / 2)"],
    [window(h, 3, 3, "valid"), "floor(h / 3)"],
    [window(h, 3, 1, "valid"), "h - 2"],
    [window(h, k, 1, "valid"), "h - k + 1"],
    [window(h, 3, 2, { variable: "pad" }), "window(h, 3, 2, pad)"],
    [window(h, 1, 1, { variable: "pad" }), "h"],
    [window(h, h, 1, "valid"), "1"],
  ] as const)("prints as its row says: %#", (dim, text) => {
    expect(showDim(dim!)).toBe(text);
  });

  test("a kernel known to be larger does not fit, in variables too", () => {
    expect(window(2, 3, 1, "valid")).toBeUndefined();
    expect(window(h, add(h, 1), 1, "valid")).toBeUndefined();
    expect(window(2, 3, 1, "same")).toBe(2);
  });

  test("a padding that becomes known decides", () => {
    const open = window(h, 3, 2, { variable: "pad" })!;
    const known = (padding: "same" | "valid") =>
      substitute(open, { ...bound({ h: 7 }), paddings: new Map([["pad", padding]]) });
    expect(known("same")).toBe(4);
    expect(known("valid")).toBe(3);
    expect(substitute(open, { ...bound({ h: 2 }), paddings: new Map([["pad", "valid"]]) })).toBeLessThan(1);
  });
});

test("spreads are replaced by the axes they stand for", () => {
  const bindings: Bindings = { ...bound({ n: 3 }), spreads: new Map([["s", [h, 2]]]) };
  expect(showShape(substituteAxes([n, { spread: "s" }, { spread: "t" }], bindings))).toBe("[3, h, 2, ...t]");
  expect(substitute(product([{ spread: "s" }]), bindings)).toEqual(multiply(2, h));
});
