import {
  EmbeddedActionsParser,
  EOF,
  type IToken,
  MismatchedTokenException,
  NoViableAltException,
  type TokenType,
} from "chevrotain";
import type { Span } from "../diagnostic/diagnostic.ts";
import type { Name } from "./ast.ts";
import type { Docs } from "./docs.ts";
import { explain, freshLine } from "./explain.ts";
import type { Layout } from "./layout.ts";
import type { Source } from "./lexeme.ts";
import * as T from "./tokens.ts";

const opens: ReadonlySet<TokenType> = new Set([T.ParenOpen, T.CallOpen, T.BracketOpen, T.IndexOpen, T.BraceOpen]);
const closes: ReadonlySet<TokenType> = new Set([T.ParenClose, T.BracketClose, T.BraceClose]);
const itemEnds: ReadonlySet<TokenType> = new Set([T.Comma, T.LastComma, T.Break, ...closes, EOF]);

/** What ends where an error was found, and where the parser goes on. */
export type Region = "declaration" | "statement" | "result" | "item";

/** A file being parsed. */
export interface Reading {
  readonly source: Source;
  readonly layout: Layout;
  readonly docs: Docs;
  readonly doubtful: readonly { readonly start: number; readonly end: number }[];
}

/**
 * The parser's manners when something is wrong: one report for a region (an item of a list, a statement, a
 * declaration), then on behind it. Brackets always have partners here (brackets.ts), so that a region's end is found
 * by counting them.
 */
export class RecoveringParser extends EmbeddedActionsParser {
  protected reading!: Reading;
  /** An error of the region being read was reported already. */
  private broken = false;

  constructor(skipValidations: boolean) {
    super(T.vocabulary, {
      maxLookahead: 1,
      recoveryEnabled: false,
      skipValidations,
      errorMessageProvider: {
        buildMismatchTokenMessage: ({ expected }) => expected.LABEL ?? expected.name,
        buildNoViableAltMessage: ({ customUserDescription }) => customUserDescription ?? "something else",
        buildEarlyExitMessage: ({ customUserDescription }) => customUserDescription ?? "something else",
        buildNotAllInputParsedMessage: () => "a declaration",
      },
    });
  }

  protected get next(): IToken {
    return this.LA(1);
  }

  protected isNext(type: TokenType): boolean {
    return this.LA(1).tokenType === type;
  }

  /** From the token to the last one read. */
  protected spanFrom(start: number): Span {
    const end = this.LA(0).endOffset ?? 0;
    return this.reading.source.span(start, Math.max(start, end + 1));
  }

  protected spanOf(token: IToken): Span {
    return this.reading.source.span(token.startOffset, (token.endOffset ?? token.startOffset) + 1);
  }

  /** An empty place where something is missing: right behind the last token read. */
  protected missingSpan(): Span {
    const last = this.LA(0);
    const at = last.tokenType === EOF ? 0 : (last.endOffset ?? 0) + 1;
    return this.reading.source.span(at, at);
  }

  protected nameOf(token: IToken): Name {
    return { kind: "name", span: this.spanOf(token), text: token.image };
  }

  /** Reads one region: what is wrong in it is reported once, and skipped. */
  protected region<R>(region: Region, read: () => R): R | undefined {
    if (this.RECORDING_PHASE) return read();
    const first = this.LA(1);
    const outer = this.broken;
    this.broken = false;
    let result: R | undefined;
    let complete = false;
    try {
      result = read();
      complete = !this.broken && this.atEnd(region, first, true);
      if (!complete && !this.broken) this.report(`the end of the ${region}`, [region]);
    } catch (error) {
      this.reportFailure(error);
    }
    this.broken = outer;
    if (!complete) this.skipUntil(() => this.atEnd(region, first, false));
    return result;
  }

  /** Reads the rest of a declaration, field or parameter whose name is known: an error in it leaves it incomplete. */
  protected within(read: () => void): void {
    if (this.RECORDING_PHASE) {
      read();
      return;
    }
    try {
      read();
    } catch (error) {
      this.reportFailure(error);
      this.broken = true;
    }
  }

  /** What should follow is not there: said, and the tree goes on to where the region ends. */
  protected lacks(expected: string): void {
    if (!this.broken) this.report(expected, []);
    this.broken = true;
  }

  /** Ends the rule being read: `expected` belongs here. */
  protected fail(expected: string): never {
    throw new MismatchedTokenException(expected, this.next, this.LA(0));
  }

  /** Skips and reports what no item of a list begins with; answers how many items were lost by it. */
  protected leadIn(starts: ReadonlySet<TokenType>, what: string): number {
    let lost = 0;
    if (this.RECORDING_PHASE) return lost;
    while (!starts.has(this.next.tokenType) && !closes.has(this.next.tokenType) && !this.isNext(EOF)) {
      this.report(what, ["item"]);
      this.skipUntil(() => itemEnds.has(this.next.tokenType));
      lost++;
      if (closes.has(this.next.tokenType) || this.isNext(EOF)) break;
      this.SKIP_TOKEN();
    }
    return lost;
  }

  /** Reports and skips what stands before the closing bracket. */
  protected leadOut(what: string): void {
    if (this.RECORDING_PHASE || closes.has(this.next.tokenType)) return;
    this.report(what, ["item"]);
    this.skipUntil(() => closes.has(this.next.tokenType));
  }

  /** A result that began on a new line with `-`, `(` or `[` and is not the last one was meant to continue the line before. `true`: it was said. */
  protected checkFresh(first: IToken): boolean {
    const { source, layout } = this.reading;
    const sign = [T.Negate, T.ParenOpen, T.BracketOpen].includes(first.tokenType);
    if (!sign || !layout.lines.has(first.startOffset) || this.isNext(T.BraceClose) || this.isNext(EOF)) {
      return false;
    }
    source.say(this.spanOf(first), freshLine(first));
    this.broken = true;
    return true;
  }

  /** Reports and skips what no declaration begins with. */
  protected skipJunk(): void {
    if (this.RECORDING_PHASE || this.atDeclaration()) return;
    this.report("a declaration", ["file"]);
    this.skipUntil(() => this.atDeclaration());
  }

  private atDeclaration(): boolean {
    return this.isNext(EOF) || this.reading.layout.declarations.has(this.next.startOffset);
  }

  /** `complete`: whether the region was read as a whole, and may end before any operand. */
  private atEnd(region: Region, first: IToken, complete: boolean): boolean {
    const { next } = this;
    if (next.tokenType === EOF) return true;
    const { declarations, statements, lines } = this.reading.layout;
    switch (region) {
      case "item":
        return itemEnds.has(next.tokenType);
      case "declaration":
        return declarations.has(next.startOffset);
      case "result":
        return next.tokenType === T.BraceClose;
      case "statement": {
        if (next.tokenType === T.BraceClose || statements.has(next.startOffset)) return true;
        if (complete) return lines.has(next.startOffset) || next.tokenType === T.Name;
        const indent = lines.get(next.startOffset);
        return indent !== undefined && indent <= (lines.get(first.startOffset) ?? 0);
      }
    }
  }

  protected skipUntil(stop: () => boolean): void {
    let depth = 0;
    while (!this.isNext(EOF)) {
      if (depth === 0 && stop()) return;
      const type = this.next.tokenType;
      if (opens.has(type)) depth++;
      else if (closes.has(type)) depth = Math.max(0, depth - 1);
      this.SKIP_TOKEN();
    }
  }

  /** Reports what ended a rule; anything but the parser's own exceptions goes on. */
  private reportFailure(error: unknown): void {
    const own = error instanceof MismatchedTokenException || error instanceof NoViableAltException;
    if (!own) throw error;
    this.report(error.message, error.context?.ruleStack ?? []);
  }

  /** Says that `expected` belongs where the next token stands. */
  protected report(expected: string, rules: readonly string[]): void {
    const { source, doubtful, layout } = this.reading;
    const found = this.next;
    const first = layout.lines.has(found.startOffset);
    // What is missing is missing where the text stops, not where it goes on lines below.
    const ended =
      found.tokenType === EOF ||
      (first && (expected === "`~`" || expected === "`<-`")) ||
      (first && (layout.declarations.has(found.startOffset) || layout.statements.has(found.startOffset)));
    const at = ended ? this.missingSpan() : this.spanOf(found);
    if (isWithin(doubtful, at.start)) return;
    source.say(
      at,
      explain({
        source,
        found,
        before: this.LA(0),
        after: this.LA(2),
        expected,
        rules,
        first,
        ended,
      }),
    );
  }
}

/** Whether one of the regions, which are in order and apart, holds the place. */
const isWithin = (regions: readonly { readonly start: number; readonly end: number }[], at: number): boolean => {
  let [low, high] = [0, regions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (regions[middle]!.start <= at) low = middle + 1;
    else high = middle;
  }
  return low > 0 && at <= regions[low - 1]!.end;
};
