import type { Note } from "../diagnostic/diagnostic.ts";
import type { Mismatch } from "./apply.ts";
import type { Type } from "./checked.ts";

/** Why a block cannot take what it is given: told where it was given. */
export interface Unfit {
  readonly kind: "unfit";
  readonly text: string;
  /** Every axis that disagrees, and where that shows. */
  readonly notes: readonly Note[];
  /** Of layers one after another: the number of the one that does not fit, and what the ones before it make. */
  readonly layer?: { readonly at: number; readonly before: readonly Note[] };
  readonly mismatch?: Mismatch;
}

export const unfit = (text: string, more: Partial<Omit<Unfit, "kind" | "text">> = {}): Unfit => ({
  kind: "unfit",
  text,
  notes: [],
  ...more,
});

export const isUnfit = (made: Type | Unfit): made is Unfit => made.kind === "unfit";
