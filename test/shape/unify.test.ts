import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { broadcastAxes } from "../../src/shape/broadcast.ts";
import {
  type Axis,
  add,
  axesEqual,
  ceilDivide,
  multiply,
  showAxis,
  showShape,
  substituteAxes,
  variable,
} from "../../src/shape/dim.ts";
import { unify, unifyAll } from "../../src/shape/unify.ts";

const [h, w, c, n, m] = [variable("h"), variable("w"), variable("c"), variable("n"), variable("m")];
const s = { spread: "s" };
const t = { spread: "t" };
const dim = (name: string) => variable(name);

describe("unification", () => {
  test("variables take the sizes they meet, also in the caller's variables of the same name", () => {
    const { bindings, mismatches } = unify([h, w, 3], [add(dim("h"), 1), dim("w"), 3]);
    expect(mismatches).toBeUndefined();
    expect(showAxis(bindings.dims.get("h")!)).toBe("h + 1");
    expect(showAxis(bindings.dims.get("w")!)).toBe("w");
  });

  test("every axis that disagrees is reported, with what was expected", () => {
    const { mismatches } = unify([n, n, 3, 4], [5, 6, 3, 7]);
    expect(mismatches).toEqual([
      { kind: "axis", pair: 0, axis: 1, declared: n, expected: 5, got: 6 },
      { kind: "axis", pair: 0, axis: 3, declared: 4, expected: 4, got: 7 },
    ]);
  });

  test("a spread takes the axes between, a spread of the caller among them", () => {
    expect(unify([n, s, c], [1, 2, 3, 4]).bindings.spreads.get("s")).toEqual([2, 3]);
    expect(unify([s], []).bindings.spreads.get("s")).toEqual([]);
    expect(unify([s, c], [2, t, 5]).bindings.spreads.get("s")).toEqual([2, t]);
    expect(unify([s, c], [2, t]).mismatches?.[0]?.kind).toBe("rank");
    expect(unify([h, w], [2, t]).mismatches?.[0]?.kind).toBe("rank");
    expect(unify([h, s, w], [2]).mismatches).toEqual([{ kind: "rank", pair: 0, expected: [h, s, w], got: [2] }]);
  });

  test("a spread used twice means the same axes", () => {
    const same = unifyAll([
      { declared: [s], actual: [2, 3] },
      { declared: [s], actual: [2, 4] },
    ]);
    expect(same.mismatches).toEqual([{ kind: "spread", pair: 1, name: "s", expected: [2, 3], got: [2, 4] }]);
  });

  test("an axis with one unknown variable is solved, whatever the order of parameters", () => {
    expect(unify([add(multiply(2, dim("n")), 1)], [9]).bindings.dims.get("n")).toBe(4);
    const all = unifyAll([
      { declared: [add(dim("n"), dim("m"))], actual: [7] },
      { declared: [m], actual: [3] },
    ]);
    expect(all.mismatches).toBeUndefined();
    expect(all.bindings.dims.get("n")).toBe(4);
  });

  test("what cannot be solved or does not divide is said", () => {
    expect(unify([multiply(2, dim("n"))], [9]).mismatches?.[0]?.kind).toBe("axis");
    expect(unify([ceilDivide(dim("n"), 2)], [9]).mismatches).toEqual([
      { kind: "undetermined", pair: 0, axis: 0, declared: ceilDivide(dim("n"), 2), variables: ["n"] },
    ]);
    expect(unify([add(dim("n"), 3)], [2]).mismatches?.[0]?.kind).toBe("axis");
  });

  test("a declared shape with its variables replaced fits, and gives them back", () => {
    const size = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(size, size, fc.array(size, { maxLength: 3 }), (a, b, axes) => {
        const declared: Axis[] = [h, s, add(multiply(3, dim("w")), dim("h"))];
        const actual = [a, ...axes, 3 * b + a];
        const { bindings, mismatches } = unify(declared, actual);
        expect(mismatches).toBeUndefined();
        expect([bindings.dims.get("h"), bindings.dims.get("w")]).toEqual([a, b]);
        expect(substituteAxes(declared, bindings)).toEqual(actual);
      }),
    );
  });
});

describe("broadcasting", () => {
  const shape = (left: readonly Axis[], right: readonly Axis[]): string => {
    const result = broadcastAxes(left, right);
    return "shape" in result
      ? showShape(result.shape)
      : result.conflicts.map((x) => `${showAxis(x.left)}|${showAxis(x.right)}@${x.fromEnd}`).join(" ");
  };

  test.each([
    [[2, 3], [3], "[2, 3]"],
    [[2, 1], [1, 4], "[2, 4]"],
    [[], [h, 3], "[h, 3]"],
    [[h, 1], [w], "[h, w]"],
    [[s, c], [c], "[...s, c]"],
    [[s, c], [], "[...s, c]"],
    [[5, s, 1], [s, c], "[5, ...s, c]"],
    [[2, 3], [4, 5], "3|5@1 2|4@2"],
    [[h], [w], "h|w@1"],
    [[s], [3], "...s|3@1"],
    [[s], [1], "...s|1@1"],
    [[s], [t], "...s|...t@1"],
  ] as unknown as readonly (readonly [Axis[], Axis[], string])[])("%j and %j", (left, right, expected) => {
    expect(shape(left, right)).toBe(expected);
  });

  test("agrees with indexing modulo the sizes", () => {
    const axes = fc.array(fc.constantFrom(1, 2, 3), { maxLength: 4 });
    fc.assert(
      fc.property(axes, axes, (left, right) => {
        const result = broadcastAxes(left, right);
        const rank = Math.max(left.length, right.length);
        const at = (list: readonly number[], i: number) => list[list.length - rank + i] ?? 1;
        const pairs = Array.from({ length: rank }, (_, i) => [at(left, i), at(right, i)] as const);
        const fits = pairs.every(([a, b]) => a === b || a === 1 || b === 1);
        expect("shape" in result).toBe(fits);
        if ("shape" in result)
          expect(
            axesEqual(
              result.shape,
              pairs.map(([a, b]) => (a === 1 ? b : a)),
            ),
          ).toBe(true);
      }),
    );
  });
});
