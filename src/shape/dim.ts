/**
 * A size that may not be known yet: a number, or an integer polynomial over variables and the opaque functions below, in normal form,
 * so that equal sizes are deeply equal. Build with the functions of this file only.
 */
export type Dim = number | Polynomial;

/** Sum of coefficient x product of atoms; terms sorted by their atoms' text, no zero coefficient, never a bare constant. */
export interface Polynomial {
  readonly terms: readonly Term[];
}

export interface Term {
  readonly coefficient: number;
  readonly atoms: readonly Atom[];
}

export type Atom =
  | { readonly kind: "variable"; readonly name: string }
  /** The product of the axes that a spread stands for. */
  | { readonly kind: "product"; readonly spread: string }
  | { readonly kind: "ceil_divide" | "floor_divide"; readonly numerator: Dim; readonly denominator: Dim }
  /** The extent of a sliding window: same ceil(size / stride), valid ceil((size - kernel + 1) / stride), here for a padding that is a parameter. */
  | {
      readonly kind: "window";
      readonly size: Dim;
      readonly kernel: Dim;
      readonly stride: Dim;
      readonly padding: string;
    };

/** `{ variable }` while the padding is a parameter of the block being checked. */
export type SymbolicPadding = "same" | "valid" | { readonly variable: string };

/** The axes of a tensor in the checker: sizes and at most one spread variable (`...s`). */
export type Axis = Dim | Spread;

/** `...s`: any number of axes. */
export interface Spread {
  readonly spread: string;
}

/** What the variables of a declared type stand for. Substitution is simultaneous: values may use variables of the same names. */
export interface Bindings {
  readonly dims: ReadonlyMap<string, Dim>;
  readonly spreads: ReadonlyMap<string, readonly Axis[]>;
  readonly paddings: ReadonlyMap<string, SymbolicPadding>;
}

export const noBindings: Bindings = { dims: new Map(), spreads: new Map(), paddings: new Map() };

export const isSpread = (axis: Axis): axis is Spread => typeof axis !== "number" && "spread" in axis;

export const variable = (name: string): Dim => ofAtom({ kind: "variable", name });

export const add = (a: Dim, b: Dim): Dim =>
  typeof a === "number" && typeof b === "number" ? a + b : normalize([...termsOf(a), ...termsOf(b)]);

export const subtract = (a: Dim, b: Dim): Dim =>
  typeof a === "number" && typeof b === "number" ? a - b : add(a, multiply(-1, b));

/** Adding 0 turns -0 into 0. */
export const multiply = (a: Dim, b: Dim): Dim =>
  typeof a === "number" && typeof b === "number"
    ? a * b + 0
    : normalize(
        termsOf(a).flatMap((s) =>
          termsOf(b).map((t) => ({ coefficient: s.coefficient * t.coefficient, atoms: [...s.atoms, ...t.atoms] })),
        ),
      );

/** ceil(a / b) for b >= 1. A number where both are; opaque where b is not a known positive number and does not divide a. */
export function ceilDivide(a: Dim, b: Dim): Dim {
  const exact = divideExactly(a, b);
  if (exact !== undefined) return exact;
  if (typeof b !== "number" || b <= 0) return ofAtom({ kind: "ceil_divide", numerator: a, denominator: b });
  return typeof a === "number" ? Math.ceil(a / b) + 0 : ceilByNumber(a, b);
}

/** floor(a / b) for b >= 1. */
export function floorDivide(a: Dim, b: Dim): Dim {
  if (typeof b === "number" && b > 0) return ceilDivide(subtract(a, b - 1), b);
  return divideExactly(a, b) ?? ofAtom({ kind: "floor_divide", numerator: a, denominator: b });
}

/** a / b where b divides every term of a (b a number or one product of atoms), or equals it. */
export function divideExactly(a: Dim, b: Dim): Dim | undefined {
  if (b === 1) return a;
  if (typeof a === "number" && typeof b === "number") return b !== 0 && a % b === 0 ? a / b + 0 : undefined;
  if (dimEquals(a, b)) return 1;
  const divisors = termsOf(b);
  const divisor = divisors[0];
  if (divisor === undefined || divisors.length > 1) return undefined;
  const quotient: Term[] = [];
  for (const term of termsOf(a)) {
    const atoms = removeAtoms(term.atoms, divisor.atoms);
    if (atoms === undefined || term.coefficient % divisor.coefficient !== 0) return undefined;
    quotient.push({ coefficient: term.coefficient / divisor.coefficient, atoms });
  }
  return normalize(quotient);
}

/**
 * Extent of a sliding window, as TensorFlow: same ceil(size / stride), valid ceil((size - kernel + 1) / stride); `kernel` is the dilated extent.
 * undefined where the kernel is known to be larger than the size (valid).
 */
export function window(size: Dim, kernel: Dim, stride: Dim, padding: SymbolicPadding): Dim | undefined {
  if (padding === "same" || kernel === 1) return ceilDivide(size, stride);
  if (padding !== "valid") return ofAtom({ kind: "window", size, kernel, stride, padding: padding.variable });
  const room = subtract(size, kernel);
  return typeof room === "number" && room < 0 ? undefined : ceilDivide(add(room, 1), stride);
}

/** The number of elements of an array of these axes. */
export const product = (axes: readonly Axis[]): Dim =>
  axes.reduce<Dim>((n, d) => multiply(n, isSpread(d) ? ofAtom({ kind: "product", spread: d.spread }) : d), 1);

/** Total: a window that turns out smaller than its kernel becomes a number below 1, which is no size. */
export function substitute(dim: Dim, bindings: Bindings): Dim {
  if (typeof dim === "number") return dim;
  return dim.terms.reduce<Dim>(
    (sum, term) =>
      add(
        sum,
        term.atoms.reduce<Dim>((p, atom) => multiply(p, substituteAtom(atom, bindings)), term.coefficient),
      ),
    0,
  );
}

/** A spread becomes the axes it is bound to. */
export const substituteAxes = (axes: readonly Axis[], bindings: Bindings): readonly Axis[] =>
  axes.flatMap((axis) =>
    isSpread(axis) ? (bindings.spreads.get(axis.spread) ?? [axis]) : [substitute(axis, bindings)],
  );

/** Equal for all values of the variables, as far as the normal form sees it. */
export const dimEquals = (a: Dim, b: Dim): boolean => a === b || (typeof a !== "number" && showDim(a) === showDim(b));

export const axisEquals = (a: Axis, b: Axis): boolean =>
  isSpread(a) || isSpread(b) ? isSpread(a) && isSpread(b) && a.spread === b.spread : dimEquals(a, b);

export const axesEqual = (a: readonly Axis[], b: readonly Axis[]): boolean =>
  a.length === b.length && a.every((axis, i) => axisEquals(axis, b[i]!));

/** Names of the dimension variables in it, those inside divisions and windows too. */
export function variablesOf(dim: Dim, into: Set<string> = new Set()): Set<string> {
  for (const term of termsOf(dim))
    for (const atom of term.atoms)
      if (atom.kind === "variable") into.add(atom.name);
      else if (atom.kind === "window") for (const d of [atom.size, atom.kernel, atom.stride]) variablesOf(d, into);
      else if (atom.kind !== "product") for (const d of [atom.numerator, atom.denominator]) variablesOf(d, into);
  return into;
}

/** `ceil(h / 2)`, `2 * n + 1`. Different normal forms have different texts. */
export function showDim(dim: Dim): string {
  const [first, ...rest] = leadWithPositive(termsOf(dim)).map((t) => ({
    negative: t.coefficient < 0,
    text: showMagnitude(t),
  }));
  if (first === undefined) return "0";
  return rest.reduce(
    (text, t) => `${text} ${t.negative ? "-" : "+"} ${t.text}`,
    first.negative ? `-${first.text}` : first.text,
  );
}

export const showAxis = (axis: Axis): string => (isSpread(axis) ? `...${axis.spread}` : showDim(axis));

/** `[h, w, 3]` */
export const showShape = (axes: readonly Axis[]): string => `[${axes.map(showAxis).join(", ")}]`;

const ofAtom = (atom: Atom): Dim => ({ terms: [{ coefficient: 1, atoms: [atom] }] });

const termsOf = (dim: Dim): readonly Term[] =>
  typeof dim !== "number" ? dim.terms : dim === 0 ? [] : [{ coefficient: dim, atoms: [] }];

/** Collects equal products of atoms; the constant comes last. */
function normalize(terms: readonly Term[]): Dim {
  const byText = new Map<string, Term>();
  for (const { coefficient, atoms } of terms) {
    const sorted = atoms.length < 2 ? atoms : atoms.toSorted((a, b) => compareText(showAtom(a), showAtom(b)));
    const text = sorted.map(showAtom).join(" * ");
    byText.set(text, { coefficient: (byText.get(text)?.coefficient ?? 0) + coefficient, atoms: sorted });
  }
  const kept = [...byText].filter(([, t]) => t.coefficient !== 0);
  if (kept.length === 0) return 0;
  if (kept.length === 1 && kept[0]![0] === "") return kept[0]![1].coefficient;
  return {
    terms: kept.sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : compareText(a, b))).map(([, term]) => term),
  };
}

/**
 * The normal form of ceil(a / b), b > 1: what b divides leaves the fraction, common factors are cancelled, a division inside is merged
 * (ceil((ceil(x / d) + r) / b) = ceil((x + d r) / (d b))), and the rest is written ceil(x / b) or, with a constant in it, floor((x + c) / b) + 1.
 */
function ceilByNumber(a: Polynomial, b: number): Dim {
  const quotient = normalize(a.terms.map((t) => ({ ...t, coefficient: Math.floor(t.coefficient / b) })));
  const rest = normalize(a.terms.map((t) => ({ ...t, coefficient: modulo(t.coefficient, b) })));
  if (typeof rest === "number") return add(quotient, Math.ceil(rest / b));
  const varying = rest.terms.filter((t) => t.atoms.length > 0);
  const constant = rest.terms.find((t) => t.atoms.length === 0)?.coefficient ?? 0;
  const common = varying.reduce((g, t) => greatestCommonDivisor(g, t.coefficient), b);
  if (common > 1) {
    const reduced = normalize(varying.map((t) => ({ ...t, coefficient: t.coefficient / common })));
    return add(quotient, ceilDivide(add(reduced, Math.ceil(constant / common)), b / common));
  }
  const divisions = varying.filter((t) => t.coefficient === 1 && t.atoms.length === 1 && numericDivision(t.atoms[0]!));
  const inner = divisions.length === 1 ? numericDivision(divisions[0]!.atoms[0]!) : undefined;
  if (inner !== undefined) {
    const others = subtract(rest, { terms: divisions });
    const numerator = add(inner.ceilNumerator, multiply(inner.denominator, others));
    return add(quotient, ceilDivide(numerator, inner.denominator * b));
  }
  if (constant === 0) return add(quotient, ofAtom({ kind: "ceil_divide", numerator: rest, denominator: b }));
  const numerator = subtract(rest, 1);
  return add(quotient, add(1, ofAtom({ kind: "floor_divide", numerator, denominator: b })));
}

/** floor(x / d) = ceil((x - d + 1) / d) */
function numericDivision(atom: Atom): { readonly ceilNumerator: Dim; readonly denominator: number } | undefined {
  if (atom.kind !== "ceil_divide" && atom.kind !== "floor_divide") return undefined;
  const { numerator, denominator } = atom;
  if (typeof denominator !== "number" || denominator <= 0) return undefined;
  return {
    ceilNumerator: atom.kind === "ceil_divide" ? numerator : subtract(numerator, denominator - 1),
    denominator,
  };
}

function substituteAtom(atom: Atom, bindings: Bindings): Dim {
  switch (atom.kind) {
    case "variable":
      return bindings.dims.get(atom.name) ?? ofAtom(atom);
    case "product":
      return product(bindings.spreads.get(atom.spread) ?? [{ spread: atom.spread }]);
    case "ceil_divide":
      return ceilDivide(substitute(atom.numerator, bindings), substitute(atom.denominator, bindings));
    case "floor_divide":
      return floorDivide(substitute(atom.numerator, bindings), substitute(atom.denominator, bindings));
    case "window": {
      const size = substitute(atom.size, bindings);
      const kernel = substitute(atom.kernel, bindings);
      const stride = substitute(atom.stride, bindings);
      const padding = bindings.paddings.get(atom.padding) ?? { variable: atom.padding };
      return window(size, kernel, stride, padding) ?? ceilDivide(add(subtract(size, kernel), 1), stride);
    }
  }
}

function removeAtoms(atoms: readonly Atom[], remove: readonly Atom[]): readonly Atom[] | undefined {
  const left = [...atoms];
  for (const atom of remove) {
    const at = left.findIndex((a) => showAtom(a) === showAtom(atom));
    if (at < 0) return undefined;
    left.splice(at, 1);
  }
  return left;
}

function showAtom(atom: Atom): string {
  switch (atom.kind) {
    case "variable":
      return atom.name;
    case "product":
      return `product(...${atom.spread})`;
    case "ceil_divide":
      return `ceil(${showOperand(atom.numerator)} / ${showOperand(atom.denominator)})`;
    case "floor_divide":
      return `floor(${showOperand(atom.numerator)} / ${showOperand(atom.denominator)})`;
    case "window":
      return `window(${[atom.size, atom.kernel, atom.stride].map(showDim).join(", ")}, ${atom.padding})`;
  }
}

const showOperand = (dim: Dim): string => {
  const text = showDim(dim);
  return typeof dim === "number" || /^[\w.]+$/.test(text) ? text : `(${text})`;
};

const showMagnitude = ({ coefficient, atoms }: Term): string => {
  const magnitude = Math.abs(coefficient);
  const text = atoms.map(showAtom).join(" * ");
  return text === "" ? `${magnitude}` : magnitude === 1 ? text : `${magnitude} * ${text}`;
};

/** `h - k + 1` rather than `-k + h + 1`. */
const leadWithPositive = (terms: readonly Term[]): readonly Term[] => {
  const at = terms.findIndex((t) => t.coefficient > 0);
  return at <= 0 ? terms : [terms[at]!, ...terms.slice(0, at), ...terms.slice(at + 1)];
};

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const modulo = (a: number, b: number): number => a - b * Math.floor(a / b);
const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b));
