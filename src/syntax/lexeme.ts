import type { TokenType } from "chevrotain";
import type { Diagnostic, Fix, Note, Span } from "../diagnostic/diagnostic.ts";

/** A token on its way from the lexer to the parser, where its type may still change. */
export interface Lexeme {
  type: TokenType;
  readonly text: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  /** The first on its line. */
  readonly first: boolean;
  /** Where the first token of its line stands: characters from the line's beginning. */
  readonly indent: number;
}

/** Something to say about a program's text. */
export interface Remark {
  readonly code: `MTT${number}`;
  readonly severity?: "error" | "warning";
  readonly message: string;
  readonly label?: string;
  readonly notes?: readonly Note[];
  readonly help?: string;
  readonly fix?: { readonly title: string; readonly safe?: boolean; readonly edits: readonly Edit[] };
}

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** One source text and what was found wrong with it. Of remarks at one place the first is kept. */
export class Source {
  readonly name: string;
  readonly text: string;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #places = new Set<number>();

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
  }

  span(start: number, end: number): Span {
    return { file: this.name, start, end };
  }

  say(at: { readonly start: number; readonly end: number }, remark: Remark): void {
    const severity = remark.severity ?? "error";
    if (severity === "error") {
      if (this.#places.has(at.start)) return;
      this.#places.add(at.start);
    }
    const fixes: Fix[] = remark.fix
      ? [
          {
            title: remark.fix.title,
            safe: remark.fix.safe ?? false,
            edits: remark.fix.edits.map((edit) => ({ span: this.span(edit.start, edit.end), text: edit.text })),
          },
        ]
      : [];
    this.#diagnostics.push({
      code: remark.code,
      severity,
      span: this.span(at.start, at.end),
      ...(remark.label === undefined ? {} : { label: remark.label }),
      message: remark.message,
      notes: remark.notes ?? [],
      ...(remark.help === undefined ? {} : { help: remark.help }),
      fixes,
    });
  }

  /** In source order. */
  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics.toSorted((a, b) => a.span.start - b.span.start || a.span.end - b.span.end);
  }
}
