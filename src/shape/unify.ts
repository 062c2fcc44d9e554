import {
  type Axis,
  add,
  axesEqual,
  type Bindings,
  type Dim,
  dimEquals,
  divideExactly,
  isSpread,
  noBindings,
  type Spread,
  substitute,
  subtract,
  type Term,
  variablesOf,
} from "./dim.ts";

/** Why an actual shape does not fit a declared one. `pair` tells which of the shapes unified together. */
export type UnifyMismatch =
  /** Another number of axes: too few, too many, or a spread where a known number is needed. */
  | {
      readonly kind: "rank";
      readonly pair: number;
      readonly expected: readonly Axis[];
      readonly got: readonly Axis[];
    }
  /** `declared` as it stands in the type, `expected` with what its variables were bound to. `axis` is the place in the actual shape. */
  | {
      readonly kind: "axis";
      readonly pair: number;
      readonly axis: number;
      readonly declared: Axis;
      readonly expected: Axis;
      readonly got: Axis;
    }
  /** A spread bound before to other axes. */
  | {
      readonly kind: "spread";
      readonly pair: number;
      readonly name: string;
      readonly expected: readonly Axis[];
      readonly got: readonly Axis[];
    }
  /** The axis cannot tell its variables: no other parameter binds them. */
  | {
      readonly kind: "undetermined";
      readonly pair: number;
      readonly axis: number;
      readonly declared: Dim;
      readonly variables: readonly string[];
    };

export interface ShapePair {
  readonly declared: readonly Axis[];
  readonly actual: readonly Axis[];
}

export type Unified =
  | { readonly bindings: Bindings; readonly mismatches?: undefined }
  | { readonly bindings: Bindings; readonly mismatches: readonly UnifyMismatch[] };

/** Finds what the variables of a declared shape stand for; with mismatches, the bindings found all the same. */
export const unify = (declared: readonly Axis[], actual: readonly Axis[], bindings: Bindings = noBindings): Unified =>
  unifyAll([{ declared, actual }], bindings);

/**
 * Unifies declared shapes (of one block's parameters) with actual ones: bare variables and spreads first, then axes like `2 * n + 1` that
 * solve for one variable or check. Reports every axis that disagrees.
 */
export function unifyAll(pairs: readonly ShapePair[], given: Bindings = noBindings): Unified {
  const dims = new Map(given.dims);
  const spreads = new Map(given.spreads);
  const bindings: Bindings = { dims, spreads, paddings: given.paddings };
  const mismatches: UnifyMismatch[] = [];
  const later: { readonly pair: number; readonly axis: number; readonly declared: Dim; readonly got: Dim }[] = [];

  const meet = (pair: number, axis: number, declared: Axis, got: Axis): void => {
    if (isSpread(got) || isSpread(declared)) {
      mismatches.push({ kind: "axis", pair, axis, declared, expected: declared, got });
      return;
    }
    const name = bareVariable(declared);
    if (name === undefined || dims.has(name)) later.push({ pair, axis, declared, got });
    else dims.set(name, got);
  };

  pairs.forEach(({ declared, actual }, pair) => {
    const at = declared.findIndex(isSpread);
    const before = at < 0 ? declared.length : at;
    const after = at < 0 ? 0 : declared.length - at - 1;
    const open = actual.findIndex(isSpread);
    const fits =
      at < 0
        ? open < 0 && actual.length === declared.length
        : actual.length >= before + after && (open < 0 || (open >= before && actual.length - open - 1 >= after));
    if (!fits) {
      mismatches.push({ kind: "rank", pair, expected: declared, got: actual });
      return;
    }
    for (let i = 0; i < before; i++) meet(pair, i, declared[i]!, actual[i]!);
    for (let i = 1; i <= after; i++)
      meet(pair, actual.length - i, declared[declared.length - i]!, actual[actual.length - i]!);
    if (at < 0) return;
    const { spread: name } = declared[at] as Spread;
    const got = actual.slice(before, actual.length - after);
    const bound = spreads.get(name);
    if (bound === undefined) spreads.set(name, got);
    else if (!axesEqual(bound, got)) mismatches.push({ kind: "spread", pair, name, expected: bound, got });
  });

  // An axis that waits for a variable is tried again as long as others bind some.
  for (let waiting = later, before = -1; waiting.length > 0 && waiting.length !== before; ) {
    before = waiting.length;
    waiting = waiting.filter(({ pair, axis, declared, got }) => {
      const solved = solve(declared, got, bindings);
      if (solved === "unsolved") return true;
      if (solved === "differs") {
        const expected = substitute(declared, bindings);
        mismatches.push({ kind: "axis", pair, axis, declared, expected, got });
      } else if (solved !== "fits") dims.set(solved.name, solved.value);
      return false;
    });
    if (waiting.length === before)
      for (const { pair, axis, declared } of waiting) {
        const variables = [...variablesOf(declared)].filter((name) => !dims.has(name));
        mismatches.push({ kind: "undetermined", pair, axis, declared, variables });
      }
  }
  return mismatches.length > 0 ? { bindings, mismatches } : { bindings };
}

/** coefficient * v + rest = got, with v the one unbound variable, gives v; with all bound, a comparison. */
function solve(
  declared: Dim,
  got: Dim,
  bindings: Bindings,
): "fits" | "differs" | "unsolved" | { readonly name: string; readonly value: Dim } {
  const unbound = [...variablesOf(declared)].filter((name) => !bindings.dims.has(name));
  if (unbound.length === 0) return dimEquals(substitute(declared, bindings), got) ? "fits" : "differs";
  if (unbound.length > 1 || typeof declared === "number") return "unsolved";
  const name = unbound[0]!;
  const mentions = (term: Term) => variablesOf({ terms: [term] }).has(name);
  const [term, ...others] = declared.terms.filter(mentions);
  if (term === undefined || others.length > 0) return "unsolved";
  const factors = term.atoms.filter((atom) => atom.kind !== "variable" || atom.name !== name);
  if (factors.length !== term.atoms.length - 1 || mentions({ ...term, atoms: factors })) return "unsolved";
  const factor =
    factors.length === 0 ? term.coefficient : substitute({ terms: [{ ...term, atoms: factors }] }, bindings);
  const rest = declared.terms
    .filter((t) => !mentions(t))
    .reduce<Dim>((sum, t) => add(sum, t.atoms.length === 0 ? t.coefficient : substitute({ terms: [t] }, bindings)), 0);
  const value = divideExactly(subtract(got, rest), factor);
  return value === undefined || (typeof value === "number" && value < 0) ? "differs" : { name, value };
}

const bareVariable = (axis: Dim): string | undefined => {
  if (typeof axis === "number" || axis.terms.length !== 1) return undefined;
  const { coefficient, atoms } = axis.terms[0]!;
  const [atom] = atoms;
  return coefficient === 1 && atoms.length === 1 && atom!.kind === "variable" ? atom!.name : undefined;
};
