import type { Expression, Step } from "../../syntax/ast.ts";
import type { Type } from "../checked.ts";
import type { Context, Env } from "../context.ts";
import type { Want } from "../want.ts";

/** A field of a kind of step. Optional ones say what stands in for them; all of those take `none`. */
export interface KindField {
  readonly name: string;
  readonly want: Want;
  readonly default?: string;
  readonly doc: string;
}

/** A step with the fields of its base merged in. */
export interface StepSite {
  readonly step: Step;
  readonly env: Env;
  readonly given: ReadonlyMap<string, Expression>;
  readonly types: ReadonlyMap<string, Type>;
  /** Fields that this step declares itself: what it inherits was checked with its base. */
  readonly own: ReadonlySet<string>;
  /** Fields that an unknown name was near to. */
  readonly meant: ReadonlySet<string | undefined>;
}

/** What the checker knows of a kind of step; elaborate/kinds holds the other half. */
export interface Kind {
  readonly fields: readonly KindField[];
  /** Figures that expressions may read: `accuracy_on_test.accuracy`; undefined where something wrong hides them. */
  readonly figures: (c: Context, step: Step) => ReadonlyMap<string, Type> | undefined;
  /** What the fields must be to each other. */
  readonly check: (c: Context, site: StepSite) => void;
}

export const field = (name: string, want: Want, doc: string, value?: string): KindField =>
  value === undefined ? { name, want, doc } : { name, want, doc, default: value };

export const figures = (all: Readonly<Record<string, Type>>): ReadonlyMap<string, Type> => new Map(Object.entries(all));
