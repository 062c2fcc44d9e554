import type { IToken } from "chevrotain";
import type { Span } from "../diagnostic/diagnostic.ts";
import { nearest } from "../diagnostic/near-miss.ts";
import type * as Ast from "./ast.ts";
import { readString } from "./literals.ts";
import { climb, type Operand } from "./operators.ts";
import { RecoveringParser } from "./recovery.ts";
import * as T from "./tokens.ts";

const axisStarts = new Set([T.Int, T.Name, T.Spread, T.ParenOpen, T.Hole]);
const fieldStarts = new Set([T.Name]);
const dtypes: readonly ("f32" | "f64" | "i32" | "bool")[] = ["f32", "f64", "i32", "bool"];
const otherDtypes: ReadonlyMap<string, string> = new Map([
  ...["float", "float32", "tensor", "Tensor", "f16", "bf16"].map((name): [string, string] => [name, "f32"]),
  ...["float64", "double"].map((name): [string, string] => [name, "f64"]),
  ...["int", "int32", "int64", "i64", "i8", "u8", "uint8"].map((name): [string, string] => [name, "i32"]),
]);

/** The grammar of types and of the axes in them. */
export abstract class TypeParser extends RecoveringParser {
  /** Chains of operators, stages, calls and fields are at most so long: a tree's depth is bounded for every later phase. */
  protected readonly longest = 1000;

  protected missing(): Ast.Expression {
    return { kind: "missing", span: this.missingSpan() };
  }

  protected textOf(token: IToken): string {
    return readString(this.reading.source, token.image, token.startOffset);
  }

  /** Whether a chain has become too long; said once, at the link where it did. */
  protected tooLong(length: number, at: IToken, what: string, once = false): boolean {
    if (length <= this.longest) return false;
    if (once && length > this.longest + 1) return true;
    this.reading.source.say(this.spanOf(at), {
      code: "MTT1014",
      message: `more than ${this.longest} ${what} in one expression`,
      label: "what follows here was not read",
      help: "name parts of it with `let`, or write repeat(n, block)",
    });
    return true;
  }

  protected type = this.RULE(
    "type",
    (): Ast.TypeExpression =>
      this.OR({
        DEF: [
          { ALT: () => this.SUBRULE(this.tensorType) },
          { ALT: () => this.namedType(this.CONSUME(T.Name)) },
          {
            ALT: (): Ast.TypeExpression => {
              const hole = this.CONSUME(T.Hole);
              return this.ACTION(() => ({ kind: "type_missing", span: this.spanOf(hole) }));
            },
          },
          { ALT: () => this.SUBRULE(this.recordType) },
        ],
        ERR_MSG: "a type",
      }),
  );

  private namedType(token: IToken): Ast.TypeExpression {
    return this.ACTION((): Ast.TypeExpression => {
      const name = token.image;
      const span = this.spanOf(token);
      if (this.isNext(T.IndexOpen)) {
        const near = nearest(name, [...dtypes, "class"]);
        const meant = otherDtypes.get(name) ?? near?.word;
        this.reading.source.say(span, {
          code: "MTT1026",
          message: `\`${name}\` is not an element type`,
          label: meant ? `did you mean \`${meant}\`?` : "f32, f64, i32, bool or class expected here",
          help: "elements are f32, f64, i32 or bool; class[n] is a label of n classes",
          ...(meant
            ? {
                fix: {
                  title: `write \`${meant}\``,
                  safe: otherDtypes.has(name) || near?.sure === true,
                  edits: [{ start: span.start, end: span.end, text: meant }],
                },
              }
            : {}),
        });
        this.skipBracket();
        return { kind: "type_missing", span: this.spanFrom(span.start) };
      }
      if (name === "class" || (name !== "bool" && dtypes.some((dtype) => dtype === name))) {
        if (this.isNext(T.CallOpen)) return this.roundType(name, span);
        this.reading.source.say(span, {
          code: "MTT1027",
          message: name === "class" ? "`class` needs its number of classes" : `\`${name}\` needs its axes`,
          label: "brackets expected after it",
          help: name === "class" ? "write class[10]" : `write ${name}[] for one number, ${name}[28, 28] for a matrix`,
        });
        return { kind: "type_missing", span };
      }
      return { kind: "type_name", span, name };
    });
  }

  /** `f32(28, 28)`: the brackets are square. */
  private roundType(name: string, span: Span): Ast.TypeExpression {
    const open = this.next.startOffset;
    this.SKIP_TOKEN();
    this.skipUntil(() => this.isNext(T.ParenClose));
    const { startOffset: close, endOffset } = this.next;
    // One that was put in for a bracket that is never closed stands nowhere in the text.
    const written = this.isNext(T.ParenClose) && endOffset !== undefined && endOffset >= close;
    if (this.isNext(T.ParenClose)) this.SKIP_TOKEN();
    this.reading.source.say(span, {
      code: "MTT1027",
      message: `the axes of \`${name}\` stand in square brackets`,
      label: "round ones follow",
      help: `write ${name}[…]`,
      ...(written
        ? {
            fix: {
              title: `write ${name}[…]`,
              safe: true,
              edits: [
                { start: open, end: open + 1, text: "[" },
                { start: close, end: close + 1, text: "]" },
              ],
            },
          }
        : {}),
    });
    return { kind: "type_missing", span: this.spanFrom(span.start) };
  }

  private skipBracket(): void {
    this.SKIP_TOKEN();
    this.skipUntil(() => this.isNext(T.BracketClose));
    this.SKIP_TOKEN();
  }

  protected tensorType = this.RULE(
    "tensorType",
    (): Ast.TypeExpression =>
      this.OR([
        {
          ALT: (): Ast.TypeExpression => {
            const dtype = this.CONSUME(T.Dtype);
            const dims = this.SUBRULE(this.dims);
            return this.ACTION(() => ({
              kind: "type_tensor",
              span: this.spanFrom(dtype.startOffset),
              dtype: dtypes.find((known) => known === dtype.image) ?? "f32",
              dims,
            }));
          },
        },
        {
          ALT: (): Ast.TypeExpression => {
            const start = this.CONSUME(T.ClassWord);
            this.CONSUME(T.IndexOpen);
            const classes = this.region("item", () => this.SUBRULE(this.dim));
            this.ACTION(() => this.leadOut("`]`"));
            this.CONSUME(T.BracketClose);
            return this.ACTION(() => ({
              kind: "type_class",
              span: this.spanFrom(start.startOffset),
              classes: classes ?? this.missingDim(),
            }));
          },
        },
      ]),
  );

  protected recordType = this.RULE("recordType", (): Ast.TypeExpression => {
    const fields: { name: Ast.Name; type: Ast.TypeExpression }[] = [];
    const start = this.CONSUME(T.BraceOpen);
    const read = (field: { name: Ast.Name; type: Ast.TypeExpression }) => this.ACTION(() => fields.push(field));
    this.ACTION(() => this.leadIn(fieldStarts, "a field"));
    this.OPTION(() => {
      this.region("item", () => read(this.SUBRULE(this.fieldType)));
      this.MANY(() => {
        this.OR([{ ALT: () => this.CONSUME(T.Comma) }, { ALT: () => this.CONSUME(T.Break) }]);
        this.region("item", () => read(this.SUBRULE2(this.fieldType)));
      });
    });
    this.OPTION2(() => this.CONSUME(T.LastComma));
    this.ACTION(() => this.leadOut("`,` or `}`"));
    this.CONSUME(T.BraceClose);
    return this.ACTION(() => ({ kind: "type_record", span: this.spanFrom(start.startOffset), fields }));
  });

  protected fieldType = this.RULE("fieldType", (): { name: Ast.Name; type: Ast.TypeExpression } => {
    const name = this.CONSUME(T.Name, { ERR_MSG: "a field" });
    let type: Ast.TypeExpression | undefined;
    this.within(() => {
      this.CONSUME(T.Colon);
      type = this.SUBRULE(this.type);
    });
    return this.ACTION(() => ({
      name: this.nameOf(name),
      type: type ?? { kind: "type_missing", span: this.missingSpan() },
    }));
  });

  protected dims = this.RULE("dims", (): Ast.DimExpression[] => {
    const dims: Ast.DimExpression[] = [];
    this.CONSUME(T.IndexOpen);
    this.ACTION(() => this.leadIn(axisStarts, "an axis"));
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        const dim = this.region("item", () => this.SUBRULE(this.dim));
        this.ACTION(() => dims.push(dim ?? this.missingDim()));
      },
    });
    this.OPTION(() => this.CONSUME(T.LastComma));
    this.ACTION(() => this.leadOut("`,` or `]`"));
    this.CONSUME(T.BracketClose);
    return dims;
  });

  private missingDim(): Ast.DimExpression {
    return { kind: "dim_missing", span: this.missingSpan() };
  }

  protected dim = this.RULE("dim", (): Ast.DimExpression => {
    const operands: Operand<Ast.DimExpression>[] = [];
    const operators: IToken[] = [];
    const first = this.SUBRULE(this.axis);
    operands.push({ prefixes: [], value: first });
    this.MANY(() => {
      const operator = this.OR([
        { ALT: () => this.CONSUME(T.Plus) },
        { ALT: () => this.CONSUME(T.Minus) },
        { ALT: () => this.CONSUME(T.Times) },
        { ALT: () => this.CONSUME(T.Divide) },
      ]);
      operators.push(operator);
      const value = this.SUBRULE2(this.axis);
      operands.push({ prefixes: [], value });
    });
    return this.ACTION((): Ast.DimExpression => {
      if (this.tooLong(operators.length, operators[this.longest] ?? this.LA(0), "operators")) return this.missingDim();
      return climb(operands, operators, {
        binary: (operator, _, left, right): Ast.DimExpression =>
          operator === "+" || operator === "-" || operator === "*" || operator === "/"
            ? {
                kind: "dim_binary",
                span: this.reading.source.span(left.span.start, right.span.end),
                operator,
                left,
                right,
              }
            : left,
        unary: (_, operand) => operand,
        chained: (_, first) => first,
        loose: () => {},
      });
    });
  });

  protected axis = this.RULE(
    "axis",
    (): Ast.DimExpression =>
      this.OR({
        DEF: [
          {
            ALT: (): Ast.DimExpression => {
              const token = this.CONSUME(T.Int);
              return this.ACTION(() => ({ kind: "dim_int", span: this.spanOf(token), value: Number(token.image) }));
            },
          },
          {
            ALT: (): Ast.DimExpression => {
              const token = this.CONSUME(T.Hole);
              return this.ACTION(() => ({ kind: "dim_missing", span: this.spanOf(token) }));
            },
          },
          {
            ALT: (): Ast.DimExpression => {
              const start = this.CONSUME(T.Spread);
              const name = this.CONSUME(T.Name);
              return this.ACTION(() => ({
                kind: "dim_spread",
                span: this.spanFrom(start.startOffset),
                name: name.image,
              }));
            },
          },
          { ALT: () => this.SUBRULE(this.namedAxis) },
          {
            ALT: (): Ast.DimExpression => {
              this.CONSUME(T.ParenOpen);
              const inner = this.region("item", () => this.SUBRULE(this.dim));
              this.ACTION(() => this.leadOut("`)`"));
              this.CONSUME(T.ParenClose);
              return this.ACTION(() => inner ?? this.missingDim());
            },
          },
        ],
        ERR_MSG: "an axis",
      }),
  );

  /** h, kernel.y, ceil(a / b) */
  protected namedAxis = this.RULE("namedAxis", (): Ast.DimExpression => {
    const name = this.CONSUME(T.Name);
    let axis: Ast.DimExpression = this.ACTION(() => ({ kind: "dim_name", span: this.spanOf(name), name: name.image }));
    this.OPTION(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(T.Dot);
            const field = this.CONSUME2(T.Name);
            this.ACTION(() => {
              axis = this.sideOf(name, field);
            });
          },
        },
        {
          ALT: () => {
            const found: Ast.DimExpression[] = [];
            this.CONSUME(T.CallOpen);
            this.ACTION(() => this.leadIn(axisStarts, "an axis"));
            this.MANY_SEP({
              SEP: T.Comma,
              DEF: () => {
                const dim = this.region("item", () => this.SUBRULE(this.dim));
                this.ACTION(() => found.push(dim ?? this.missingDim()));
              },
            });
            this.OPTION2(() => this.CONSUME(T.LastComma));
            this.ACTION(() => this.leadOut("`,` or `)`"));
            this.CONSUME(T.ParenClose);
            this.ACTION(() => {
              const span = this.spanFrom(name.startOffset);
              axis = { kind: "dim_call", span, name: name.image, arguments: found };
            });
          },
        },
      ]);
    });
    return axis;
  });

  private sideOf(name: IToken, field: IToken): Ast.DimExpression {
    const span = this.spanFrom(name.startOffset);
    if (field.image === "y" || field.image === "x") {
      return { kind: "dim_field", span, parameter: name.image, field: field.image };
    }
    this.reading.source.say(this.spanOf(field), {
      code: "MTT1028",
      message: `a size has no side \`${field.image}\``,
      label: "`y` or `x` expected here",
      help: `${name.image}.y is its height, ${name.image}.x its width`,
    });
    return { kind: "dim_missing", span };
  }
}
