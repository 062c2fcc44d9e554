import type { IToken } from "chevrotain";
import type * as Ast from "./ast.ts";
import { TypeParser } from "./grammar-types.ts";
import { climb, type Operand } from "./operators.ts";
import * as T from "./tokens.ts";

const operandStarts = new Set([
  ...[T.Int, T.Float, T.Size, T.Text, T.True, T.False, T.Name, T.Hole, T.Dtype, T.ClassWord],
  ...[T.ParenOpen, T.BracketOpen, T.BraceOpen, T.Not, T.Negate],
]);
const fieldStarts = new Set([T.Name]);

/** The grammar of expressions. */
export abstract class ExpressionParser extends TypeParser {
  protected expression = this.RULE("expression", (): Ast.Expression => {
    const operands: Operand<Ast.Expression>[] = [];
    const operators: IToken[] = [];
    let prefixes: IToken[] = [];
    this.MANY(() => prefixes.push(this.CONSUME(T.Prefix)));
    const first = this.SUBRULE(this.pipe);
    operands.push({ prefixes, value: first });
    this.MANY2(() => {
      operators.push(this.CONSUME(T.Infix));
      prefixes = [];
      this.MANY3(() => prefixes.push(this.CONSUME2(T.Prefix)));
      const value = this.SUBRULE2(this.pipe);
      operands.push({ prefixes, value });
    });
    return this.ACTION(() => this.combine(operands, operators));
  });

  private combine(operands: readonly Operand<Ast.Expression>[], operators: readonly IToken[]): Ast.Expression {
    if (operators.length === 0 && operands[0]!.prefixes.length === 0) return operands[0]!.value;
    const signs = operands.reduce((sum, operand) => sum + operand.prefixes.length, operators.length);
    if (this.tooLong(signs, operators[this.longest] ?? operators.at(-1) ?? operands[0]!.prefixes[0]!, "operators")) {
      return this.missing();
    }
    const { source } = this.reading;
    return climb(operands, operators, {
      binary: (operator, token, left, right): Ast.Expression => ({
        kind: "binary",
        span: source.span(left.span.start, right.span.end),
        operator,
        left,
        right,
        operatorSpan: this.spanOf(token),
      }),
      unary: (token, operand): Ast.Expression => ({
        kind: "unary",
        span: source.span(token.startOffset, operand.span.end),
        operator: token.image === "not" ? "not" : "-",
        operand,
      }),
      chained: (token, first) => {
        source.say(
          { start: token.startOffset, end: (token.endOffset ?? 0) + 1 },
          {
            code: "MTT1013",
            message: "comparisons do not chain",
            label: "a second comparison of the same values",
            help: "write both: a < b and b < c, or put one in parentheses",
          },
        );
        return { kind: "missing", span: first.span };
      },
      loose: (token) =>
        source.say(
          { start: token.startOffset, end: (token.endOffset ?? 0) + 1 },
          {
            code: "MTT1024",
            message: "`not` binds less tightly than the operator before it",
            label: "parentheses needed",
            help: "write (not …)",
          },
        ),
    });
  }

  protected pipe = this.RULE("pipe", (): Ast.Expression => {
    let value = this.SUBRULE(this.postfix);
    let stages = 0;
    this.MANY(() => {
      const sign = this.CONSUME(T.Stage);
      const stage = this.SUBRULE(this.stage);
      this.ACTION(() => {
        stages++;
        if (this.tooLong(stages, sign, "stages", true)) return;
        const input = value;
        value = { kind: "pipe", span: this.reading.source.span(input.span.start, stage.span.end), input, stage };
      });
    });
    return value;
  });

  protected stage = this.RULE("stage", (): Ast.Expression => {
    const first = this.CONSUME(T.Name, { ERR_MSG: "a stage" });
    let stage: Ast.Expression = this.ACTION(() => this.nameOf(first));
    this.MANY(() => {
      this.CONSUME(T.Dot);
      const name = this.CONSUME2(T.Name);
      this.ACTION(() => {
        stage = { kind: "field", span: this.spanFrom(first.startOffset), target: stage, name: this.nameOf(name) };
      });
    });
    this.OPTION(() => {
      const args = this.SUBRULE(this.arguments);
      this.ACTION(() => {
        stage = { kind: "call", span: this.spanFrom(first.startOffset), callee: stage, arguments: args };
      });
    });
    return stage;
  });

  protected postfix = this.RULE("postfix", (): Ast.Expression => {
    let value = this.SUBRULE(this.primary);
    let links = 0;
    const link = (build: (target: Ast.Expression) => Ast.Expression) =>
      this.ACTION(() => {
        links++;
        if (!this.tooLong(links, this.LA(0), "calls and fields", true)) value = build(value);
      });
    const span = () => this.spanFrom(value.span.start);
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            this.CONSUME(T.Dot);
            const name = this.RECORDING_PHASE || this.isNext(T.Name) ? this.CONSUME(T.Name) : undefined;
            link((target) => {
              // An editor asks what may stand behind the dot: the target is kept.
              if (name === undefined) this.lacks("a name");
              const named: Ast.Name = name ? this.nameOf(name) : { kind: "name", span: this.missingSpan(), text: "" };
              return { kind: "field", span: span(), target, name: named };
            });
          },
        },
        {
          ALT: () => {
            this.CONSUME(T.IndexOpen);
            const index = this.region("item", () => this.SUBRULE(this.expression));
            this.ACTION(() => this.leadOut("`]`"));
            this.CONSUME(T.BracketClose);
            link((target) => ({ kind: "index", span: span(), target, index: index ?? this.missing() }));
          },
        },
        {
          ALT: () => {
            const args = this.SUBRULE(this.arguments);
            link((target) => ({ kind: "call", span: span(), callee: target, arguments: args }));
          },
        },
      ]);
    });
    this.OPTION(() => {
      this.CONSUME(T.As);
      const type = this.SUBRULE(this.type);
      this.ACTION(() => {
        value = { kind: "as", span: span(), value, type };
      });
    });
    return value;
  });

  protected arguments = this.RULE("arguments", (): Ast.Argument[] => {
    const found: Ast.Argument[] = [];
    this.CONSUME(T.CallOpen);
    this.ACTION(() => this.leadIn(operandStarts, "an argument"));
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        this.region("item", () => {
          const argument = this.SUBRULE(this.argument);
          this.ACTION(() => found.push(argument));
        });
      },
    });
    this.OPTION(() => this.CONSUME(T.LastComma));
    this.ACTION(() => this.leadOut("`,` or `)`"));
    this.CONSUME(T.ParenClose);
    this.ACTION(() => this.checkOrder(found));
    return found;
  });

  private checkOrder(found: readonly Ast.Argument[]): void {
    const named = found.findIndex((argument) => argument.name);
    const late = named < 0 ? undefined : found.slice(named).find((argument) => !argument.name);
    if (!late || late.value.kind === "missing") return;
    this.reading.source.say(late.span, {
      code: "MTT1025",
      message: "an argument without a name stands after one with a name",
      label: "its place says nothing here",
      notes: [{ kind: "text", text: `\`${found[named]!.name!.text}:\` is named`, span: found[named]!.span }],
      help: "put it before the named ones, or name it",
    });
  }

  protected argument = this.RULE("argument", (): Ast.Argument => {
    const start = this.LA(1);
    const name = this.OPTION({
      GATE: () => this.LA(2).tokenType === T.Colon,
      DEF: () => {
        const token = this.CONSUME(T.Name);
        this.CONSUME(T.Colon);
        return token;
      },
    });
    const value = this.SUBRULE(this.expression);
    return this.ACTION(() => ({
      span: this.spanFrom(start.startOffset),
      ...(name ? { name: this.nameOf(name) } : {}),
      value,
    }));
  });

  protected primary = this.RULE(
    "primary",
    (): Ast.Expression =>
      this.OR({
        DEF: [
          { ALT: () => this.literal(this.CONSUME(T.Int)) },
          { ALT: () => this.literal(this.CONSUME(T.Float)) },
          { ALT: () => this.literal(this.CONSUME(T.Size)) },
          { ALT: () => this.literal(this.CONSUME(T.Text)) },
          { ALT: () => this.literal(this.CONSUME(T.True)) },
          { ALT: () => this.literal(this.CONSUME(T.False)) },
          { ALT: () => this.literal(this.CONSUME(T.Hole)) },
          { ALT: () => this.literal(this.CONSUME(T.Name)) },
          {
            ALT: (): Ast.Expression => {
              const type = this.SUBRULE(this.tensorType);
              return this.ACTION(() => ({ kind: "type", span: type.span, type }));
            },
          },
          { ALT: () => this.SUBRULE(this.list) },
          { ALT: (): Ast.Expression => this.SUBRULE(this.record) },
          {
            ALT: (): Ast.Expression => {
              const start = this.CONSUME(T.ParenOpen);
              const inner = this.region("item", () => this.SUBRULE(this.expression));
              this.ACTION(() => this.leadOut("`)`"));
              this.CONSUME(T.ParenClose);
              return this.ACTION(() => ({
                kind: "group",
                span: this.spanFrom(start.startOffset),
                inner: inner ?? this.missing(),
              }));
            },
          },
        ],
        ERR_MSG: "an expression",
      }),
  );

  private literal(token: IToken): Ast.Expression {
    return this.ACTION((): Ast.Expression => {
      const span = this.spanOf(token);
      switch (token.tokenType) {
        case T.Int:
          return { kind: "int", span, value: Number(token.image) };
        case T.Float:
          return { kind: "float", span, value: Number(token.image) };
        case T.Size: {
          const [y, x] = token.image.split("x");
          return { kind: "size", span, y: Number(y), x: Number(x) };
        }
        case T.Text:
          return { kind: "string", span, value: this.textOf(token) };
        case T.True:
        case T.False:
          return { kind: "bool", span, value: token.tokenType === T.True };
        case T.Hole:
          return { kind: "missing", span };
        default:
          return this.nameOf(token);
      }
    });
  }

  protected list = this.RULE("list", (): Ast.Expression => {
    const items: Ast.Expression[] = [];
    const start = this.CONSUME(T.BracketOpen);
    this.ACTION(() => {
      for (let lost = this.leadIn(operandStarts, "an expression"); lost > 0; lost--) items.push(this.missing());
    });
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        const item = this.region("item", () => this.SUBRULE(this.expression));
        this.ACTION(() => items.push(item ?? this.missing()));
      },
    });
    this.OPTION(() => this.CONSUME(T.LastComma));
    this.ACTION(() => this.leadOut("`,` or `]`"));
    this.CONSUME(T.BracketClose);
    return this.ACTION(() => ({ kind: "list", span: this.spanFrom(start.startOffset), items }));
  });

  protected record = this.RULE("record", (): Ast.RecordExpression => {
    const fields: Ast.RecordField[] = [];
    const start = this.CONSUME(T.BraceOpen);
    const read = (field: Ast.RecordField | undefined) =>
      this.ACTION(() => {
        if (field) fields.push(field);
      });
    this.ACTION(() => this.leadIn(fieldStarts, "a field"));
    this.OPTION(() => {
      this.region("item", () => read(this.SUBRULE(this.field)));
      this.MANY(() => {
        this.OR([{ ALT: () => this.CONSUME(T.Comma) }, { ALT: () => this.CONSUME(T.Break) }]);
        this.region("item", () => read(this.SUBRULE2(this.field)));
      });
    });
    this.OPTION2(() => this.CONSUME(T.LastComma));
    this.ACTION(() => this.leadOut("`,` or `}`"));
    this.CONSUME(T.BraceClose);
    return this.ACTION(() => ({ kind: "record", span: this.spanFrom(start.startOffset), fields }));
  });

  protected field = this.RULE("field", (): Ast.RecordField => {
    const name = this.CONSUME(T.Name, { ERR_MSG: "a field" });
    const doc = this.ACTION(() => this.reading.docs.take(name));
    let value: Ast.Expression | undefined;
    this.within(() => {
      this.CONSUME(T.Colon);
      value = this.SUBRULE(this.expression);
    });
    return this.ACTION(() => ({
      span: this.spanFrom(name.startOffset),
      ...doc,
      name: this.nameOf(name),
      value: value === undefined ? this.missing() : value.kind === "type" ? value.type : value,
    }));
  });
}
