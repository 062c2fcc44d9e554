/** A place in a text as people count it: lines and characters (code points) from 1, and UTF-16 code units from 0. */
export interface Position {
  readonly line: number;
  readonly column: number;
  readonly offset: number;
}

/** The lines of one text. Either line ending; a byte order mark is no character. */
export class Lines {
  readonly text: string;
  readonly #starts: number[];
  // Places are mostly asked for in order: the next is counted from the last.
  #last: { line: number; offset: number; column: number };

  constructor(text: string) {
    this.text = text;
    const first = text.startsWith("\uFEFF") ? 1 : 0;
    this.#starts = [first];
    this.#last = { line: 0, offset: first, column: 1 };
    for (let i = text.indexOf("\n"); i >= 0; i = text.indexOf("\n", i + 1)) this.#starts.push(i + 1);
  }

  get count(): number {
    return this.#starts.length;
  }

  /** The text of a line, counted from 1, without its ending. */
  lineAt(line: number): { readonly text: string; readonly start: number } {
    const start = this.#starts[line - 1] ?? this.text.length;
    const end = (this.#starts[line] ?? this.text.length + 1) - 1;
    return { text: this.text.slice(start, end).replace(/\r$/, ""), start };
  }

  position(at: number): Position {
    const offset = Math.min(Math.max(at, this.#starts[0]!), this.text.length);
    const line = this.#lineOf(offset);
    const start = this.#starts[line]!;
    const onward = this.#last.line === line && this.#last.offset <= offset;
    let column = onward ? this.#last.column : 1;
    for (let i = onward ? this.#last.offset : start; i < offset; i++) {
      const code = this.text.charCodeAt(i);
      const second = code >= 0xdc00 && code < 0xe000 && i > start && isHigh(this.text.charCodeAt(i - 1));
      if (!second) column++;
    }
    this.#last = { line, offset, column };
    return { line: line + 1, column, offset };
  }

  #lineOf(offset: number): number {
    let [low, high] = [0, this.#starts.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= offset) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}

const isHigh = (code: number): boolean => code >= 0xd800 && code < 0xdc00;

/** The lines of many texts, each split once. */
export class Places {
  readonly #sources: ReadonlyMap<string, string>;
  readonly #lines = new Map<string, Lines>();

  constructor(sources: ReadonlyMap<string, string>) {
    this.#sources = sources;
  }

  /** Undefined where the text is not at hand. */
  lines(file: string): Lines | undefined {
    const known = this.#lines.get(file);
    if (known) return known;
    const text = this.#sources.get(file);
    if (text === undefined) return undefined;
    const lines = new Lines(text);
    this.#lines.set(file, lines);
    return lines;
  }

  range(span: {
    readonly file: string;
    readonly start: number;
    readonly end: number;
  }): { readonly start: Position; readonly end: Position } | undefined {
    const lines = this.lines(span.file);
    return lines && { start: lines.position(span.start), end: lines.position(Math.max(span.start, span.end)) };
  }
}
