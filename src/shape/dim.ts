/**
 * A size that may not be known yet: a number, or an integer polynomial over variables and the opaque functions below, in normal form,
 * so that equal sizes are deeply equal. Build with the functions of this file only.
 */
export type Dim = number | Polynomial;

/** Sum of coefficient x product of atoms; terms sorted by their atoms' text, no zero coefficient, never a bare constant. */
export interface Polynomial {
  readonly terms: readonly { readonly coefficient: number; readonly atoms: readonly Atom[] }[];
}

export type Atom =
  | { readonly kind: "variable"; readonly name: string }
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
