import fc from "fast-check";

/** Draws valid programs: a tape of choices decides every step, so that fast-check shrinks them. */
class Writer {
  readonly #tape: readonly number[];
  #at = 0;
  #depth = 0;
  /** Comments between tokens. */
  readonly #comments: boolean;
  text = "";

  constructor(tape: readonly number[], comments: boolean) {
    this.#tape = tape;
    this.#comments = comments;
  }

  pick(n: number): number {
    const drawn = this.#tape[this.#at++];
    return drawn === undefined ? 0 : drawn % n;
  }

  get more(): boolean {
    return this.#at < this.#tape.length;
  }

  /** A token; `glued` ones may not begin a line. */
  put(token: string, glued = false): void {
    const gap = this.pick(12);
    if (this.text !== "") {
      if (glued) this.text += gap === 1 ? " " : "";
      else if (gap === 1) this.text += "\n";
      else if (gap === 2) this.text += "\n\n\n  ";
      else if (gap === 3 && this.#comments) this.text += ` // note ${this.#at}\n`;
      else if (gap === 4 && this.#comments) this.text += ` /* inner ${this.#at} */ `;
      else if (gap === 5 && this.#comments) this.text += `\n// own ${this.#at}\n\n// line ${this.#at}\n  `;
      else if (gap === 6 && this.#comments) this.text += `\n/// doc ${this.#at}\n`;
      else this.text += " ";
    }
    this.text += token;
  }

  name(): void {
    this.put(["x", "data", "train", "weight", "λ", "let_", "f32x", "state", "as_", "report"][this.pick(10)]!);
  }

  list(items: number, item: () => void, close: string): void {
    for (let i = 0; i < items; i++) {
      if (i > 0) this.put(",");
      item();
    }
    if (items > 0 && this.pick(4) === 1) this.put(",");
    this.put(close);
  }

  dim(): void {
    const at = this.pick(this.more && this.#depth < 6 ? 8 : 3);
    this.#depth++;
    if (at === 0) this.put("3");
    else if (at === 1) this.put("h");
    else if (at === 2) this.put("...s");
    else if (at === 3) this.put("kernel.y");
    else if (at === 4) {
      this.put("window");
      this.put("(", true);
      this.list(this.pick(3) + 1, () => this.dim(), ")");
    } else if (at === 5) {
      this.put("(");
      this.dim();
      this.put(")");
    } else {
      this.dim();
      this.put(["+", "-", "*", "/"][this.pick(4)]!);
      this.dim();
    }
    this.#depth--;
  }

  type(): void {
    const at = this.pick(5);
    if (at === 0) this.put(["int", "bool", "size"][this.pick(3)]!);
    else if (at < 3) {
      this.put(["f32", "f64", "i32", "bool"][this.pick(4)]!);
      this.put("[", true);
      this.list(this.pick(4), () => this.dim(), "]");
    } else if (at === 3) {
      this.put("class");
      this.put("[", true);
      this.dim();
      this.put("]");
    } else {
      this.put("{");
      this.list(
        this.pick(2) + 1,
        () => {
          this.put("m");
          this.put(":", true);
          this.put("f32");
          this.put("[", true);
          this.put("]");
        },
        "}",
      );
    }
  }

  record(): void {
    this.put("{");
    const fields = this.pick(4);
    for (let i = 0; i < fields; i++) {
      if (i > 0) {
        if (this.pick(2) === 0) this.put(",");
        else this.text += "\n";
      }
      this.name();
      this.put(":", true);
      if (this.pick(5) === 1) this.type0();
      else this.expression();
    }
    this.put("}");
  }

  private type0(): void {
    this.put("f32");
    this.put("[", true);
    this.list(this.pick(3), () => this.dim(), "]");
  }

  primary(): void {
    const simple = ["1", "2.5", "1e-3", "3x3", '"text // no"', "true", "x", "train"];
    const at = this.pick(this.more && this.#depth < 5 ? 12 : 8);
    if (at < 8) {
      this.put(simple[at]!);
      return;
    }
    if (at === 8) {
      this.put("[");
      this.list(this.pick(4), () => this.expression(), "]");
    } else if (at === 9) this.record();
    else {
      this.put("(");
      this.expression();
      this.put(")");
    }
  }

  args(): void {
    this.put("(", true);
    const positional = this.pick(3);
    let i = 0;
    this.list(
      positional + this.pick(3),
      () => {
        if (i++ >= positional) {
          this.name();
          this.put(":", true);
        }
        this.expression();
      },
      ")",
    );
  }

  postfix(): void {
    this.#depth++;
    this.primary();
    const number = /(?:^|\W)[0-9][0-9.ex-]*$/.test(this.text.slice(-12));
    for (let i = this.pick(3); i > 0 && this.more && !number; i--) {
      const at = this.pick(3);
      if (at === 0) {
        this.put(".", true);
        this.put("loss", true);
      } else if (at === 1) this.args();
      else {
        this.put("[", true);
        this.expression();
        this.put("]");
      }
    }
    this.#depth--;
  }

  pipe(): void {
    this.postfix();
    for (let i = this.pick(4); i > 1 && this.more; i--) {
      this.put("|>");
      this.name();
      if (this.pick(2) === 1) this.args();
    }
  }

  expression(): void {
    this.#depth++;
    const terms = this.#depth < 5 && this.more ? [1, 1, 1, 2, 3, 4][this.pick(6)]! : 1;
    const operators = ["+", "*", "@", "/", "and", "or", "-"];
    const compared = this.pick(6) === 1;
    for (let i = 0; i < terms; i++) {
      if (i > 0) {
        const operator =
          compared && i === 1 ? ["<", "<=", "==", "!="][this.pick(4)]! : operators[this.pick(compared ? 4 : 7)]!;
        this.put(operator, operator === "-");
      }
      if (this.pick(8) === 1) this.put("-", this.text.endsWith(")") || this.text.endsWith("]"));
      this.pipe();
    }
    this.#depth--;
  }

  declaration(): void {
    this.text += this.pick(3) === 0 ? "\n\n" : "\n";
    const at = this.pick(7);
    const starts = (word: string, name: string) => {
      this.text += `${word} ${name}`;
    };
    if (at < 2) {
      starts(at === 0 ? "let" : "param", "value");
      if (this.pick(2) === 1) {
        this.put(":", true);
        this.type();
      }
      this.put("=");
      this.expression();
    } else if (at === 2) {
      starts("train", "model");
      this.record();
    } else if (at === 3) {
      starts("sweep", "rates");
      this.put("=");
      this.name();
      this.text += " with";
      this.record();
    } else if (at === 4) {
      this.text += "assert ok ==";
      this.primary();
      if (this.pick(2) === 1) {
        this.put(",");
        this.put('"must hold"');
      }
    } else {
      starts(at === 5 ? "block" : "network", "unit");
      this.put("(", true);
      this.list(
        this.pick(3),
        () => {
          this.name();
          this.put(":", true);
          this.type();
          if (this.pick(2) === 1) {
            this.put("=");
            this.expression();
          }
        },
        ")",
      );
      this.put("->");
      this.type();
      if (this.pick(2) === 1) {
        this.put("=");
        this.expression();
      } else this.body();
    }
  }

  private body(): void {
    this.text += " {";
    for (let i = this.pick(4); i > 0; i--) {
      const at = this.pick(3);
      this.text += "\n";
      if (at === 0) {
        this.text += "let h";
        this.put("=");
        this.expression();
      } else {
        this.text += at === 1 ? "weight W" : "state m";
        this.put(":", true);
        this.type();
        this.put("~");
        this.pipe();
        if (at === 2) {
          this.put("<-");
          this.pipe();
        }
      }
    }
    this.text += "\n";
    this.put("out");
    this.put("}");
  }
}

const write = (tape: readonly number[], comments: boolean): string => {
  const writer = new Writer(tape, comments);
  if (comments && writer.pick(3) === 1) writer.text += "/// About the file\n\n";
  do writer.declaration();
  while (writer.more);
  return `${writer.text}\n`;
};

const tapes = fc.array(fc.nat(5000), { minLength: 1, maxLength: 160, size: "max" });

/** Valid programs in any layout, with comments wherever white space may stand. */
export const programs: fc.Arbitrary<string> = tapes.map((tape) => write(tape, true));
export const plainPrograms: fc.Arbitrary<string> = tapes.map((tape) => write(tape, false));

const words = [
  ..."( ) [ ] { } , : = == != < <= > >= + - * @ / |> -> <- ~ . ... // /// /* */ && || ! ; ' \" # ** => := 3x3 3x3x3 0x10 1_0 .5".split(
    " ",
  ),
  ..."train let param block network assert import from with as weight state x y f32 class true not and or".split(" "),
  ...[
    "10",
    "1e-3",
    '"text"',
    "\n",
    "\n  ",
    "\r\n",
    "\t",
    "\u00A0",
    "×",
    "“",
    "😀",
    "e\u0301",
    "\u0000",
    "\\",
    "$",
    "`",
  ],
];

/** What looks like programs and is none. */
export const soups: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...words), { maxLength: 120, size: "max" })
  .chain((tokens) => fc.constantFrom("", " ").map((space) => tokens.join(space)));
