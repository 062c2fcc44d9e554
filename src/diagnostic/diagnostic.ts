/** A range of one source text: UTF-16 offsets, end exclusive. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

export type Severity = "error" | "warning" | "info";

/** A remark below the message. A `stage` shows one stage of a pipeline and the shape after it. */
export type Note =
  | { readonly kind: "text"; readonly text: string; readonly span?: Span }
  | { readonly kind: "stage"; readonly stage: string; readonly shape: string };

/** An edit that would repair the program; `safe` ones are applied by `mtt check --fix`. */
export interface Fix {
  readonly title: string;
  readonly safe: boolean;
  readonly edits: readonly { readonly span: Span; readonly text: string }[];
}

/** One value for everything mtt has to say about a program; the renderers turn it into text. */
export interface Diagnostic {
  /** `MTT1xxx` syntax, `2xxx` names, `3xxx` types and shapes, `4xxx` what a step may ask, `5xxx` run time. */
  readonly code: `MTT${number}`;
  readonly severity: Severity;
  readonly span: Span;
  /** What stands below the carets: the expectation at this place. */
  readonly label?: string;
  readonly message: string;
  readonly notes: readonly Note[];
  readonly help?: string;
  readonly fixes: readonly Fix[];
}

/** A source text by its name: the path as the user gave it, or `std/…`. */
export type Sources = ReadonlyMap<string, string>;
