import type { IToken } from "chevrotain";
import type * as Ast from "./ast.ts";
import { ExpressionParser } from "./grammar-expressions.ts";
import type { Reading } from "./recovery.ts";
import * as T from "./tokens.ts";

type Declaration = Ast.Declaration | Ast.Import;

const parameterStarts = new Set([T.Name]);

/** The grammar of files, declarations and statements. One token of lookahead decides everywhere: layout.ts saw to it. */
export class MttParser extends ExpressionParser {
  constructor(skipValidations: boolean) {
    super(skipValidations);
    this.performSelfAnalysis();
  }

  /** Reads a file's tokens. */
  read(reading: Reading): readonly Declaration[] {
    this.reading = reading;
    this.input = reading.layout.tokens;
    const declarations = this.file();
    this.input = [];
    return declarations;
  }

  private file = this.RULE("file", (): Declaration[] => {
    const declarations: Declaration[] = [];
    this.ACTION(() => this.skipJunk());
    this.MANY(() => {
      this.region("declaration", () => {
        const read = (declaration: Declaration | undefined) =>
          this.ACTION(() => {
            if (declaration) declarations.push(declaration);
          });
        this.OR({
          DEF: [
            { ALT: () => read(this.SUBRULE(this.import)) },
            { ALT: () => read(this.SUBRULE(this.param)) },
            { ALT: () => read(this.SUBRULE(this.let)) },
            { ALT: () => read(this.SUBRULE(this.block)) },
            { ALT: () => read(this.SUBRULE(this.step)) },
            { ALT: () => read(this.SUBRULE(this.assert)) },
          ],
          ERR_MSG: "a declaration",
        });
      });
    });
    return declarations;
  });

  private import = this.RULE("import", (): Ast.Import | undefined => {
    const start = this.CONSUME(T.Import);
    const names: { name: Ast.Name; as?: Ast.Name }[] = [];
    this.CONSUME(T.BraceOpen);
    this.ACTION(() => this.leadIn(parameterStarts, "a name"));
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        this.region("item", () => {
          const name = this.CONSUME(T.Name);
          const as = this.OPTION(() => {
            this.CONSUME(T.As);
            return this.CONSUME2(T.Name);
          });
          this.ACTION(() => names.push({ name: this.nameOf(name), ...(as ? { as: this.nameOf(as) } : {}) }));
        });
      },
    });
    this.OPTION2(() => this.CONSUME(T.LastComma));
    this.ACTION(() => this.leadOut("`,` or `}`"));
    this.CONSUME(T.BraceClose);
    this.CONSUME(T.From);
    const from = this.CONSUME(T.Text);
    return this.ACTION(() => ({
      kind: "import" as const,
      span: this.spanFrom(start.startOffset),
      names,
      from: { span: this.spanOf(from), value: this.textOf(from) },
    }));
  });

  private param = this.RULE("param", (): Ast.Param => {
    const start = this.CONSUME(T.Param);
    return this.valued(start, (name, type, value, doc) => ({
      kind: "param",
      span: this.spanFrom(start.startOffset),
      ...doc,
      name,
      ...(type ? { type } : {}),
      value,
    }));
  });

  private let = this.RULE("let", (): Ast.Let => {
    const start = this.CONSUME(T.Let);
    return this.valued(start, (name, type, value, doc) => ({
      kind: "let",
      span: this.spanFrom(start.startOffset),
      ...doc,
      name,
      ...(type ? { type } : {}),
      value,
    }));
  });

  /** name [ ":" type ] "=" expression: what a param and a let have in common. What is unreadable after the name is missing. */
  private valued<D>(
    start: IToken,
    build: (name: Ast.Name, type: Ast.TypeExpression | undefined, value: Ast.Expression, doc: { doc?: string }) => D,
  ): D {
    const doc = this.ACTION(() => this.reading.docs.take(start));
    const name = this.CONSUME(T.Name);
    let type: Ast.TypeExpression | undefined;
    let value: Ast.Expression | undefined;
    this.within(() => {
      this.ACTION(() => {
        if (!this.isNext(T.Colon) && !this.isNext(T.Assign)) this.fail("`:` or `=`");
      });
      type = this.OPTION(() => {
        this.CONSUME(T.Colon);
        return this.SUBRULE(this.type);
      });
      this.CONSUME(T.Assign);
      value = this.SUBRULE(this.expression);
    });
    return this.ACTION(() => build(this.nameOf(name), type, value ?? this.missing(), doc));
  }

  private block = this.RULE("block", (): Ast.Block => {
    const start = this.OR([{ ALT: () => this.CONSUME(T.Block) }, { ALT: () => this.CONSUME(T.Network) }]);
    const doc = this.ACTION(() => this.reading.docs.take(start));
    const name = this.CONSUME(T.Name);
    let parameters: readonly Ast.Parameter[] = [];
    let result: Ast.TypeExpression | undefined;
    let body: ReturnType<typeof this.body> | undefined;
    this.within(() => {
      parameters = this.SUBRULE(this.parameters);
      this.CONSUME(T.Result);
      result = this.SUBRULE(this.type);
      body = this.SUBRULE(this.body);
    });
    return this.ACTION(() => ({
      kind: start.tokenType === T.Network ? "network" : "block",
      span: this.spanFrom(start.startOffset),
      ...doc,
      name: this.nameOf(name),
      parameters,
      result: result ?? { kind: "type_missing", span: this.missingSpan() },
      ...(body ?? { statements: [], body: this.missing(), form: "expression" }),
    }));
  });

  private parameters = this.RULE("parameters", (): Ast.Parameter[] => {
    const parameters: Ast.Parameter[] = [];
    this.CONSUME(T.CallOpen);
    this.ACTION(() => this.leadIn(parameterStarts, "a parameter"));
    this.MANY_SEP({
      SEP: T.Comma,
      DEF: () => {
        this.region("item", () => {
          const parameter = this.SUBRULE(this.parameter);
          this.ACTION(() => parameters.push(parameter));
        });
      },
    });
    this.OPTION(() => this.CONSUME(T.LastComma));
    this.ACTION(() => this.leadOut("`,` or `)`"));
    this.CONSUME(T.ParenClose);
    return parameters;
  });

  private parameter = this.RULE("parameter", (): Ast.Parameter => {
    const start = this.CONSUME(T.Name);
    const doc = this.ACTION(() => this.reading.docs.take(start));
    let type: Ast.TypeExpression | undefined;
    let value: Ast.Expression | undefined;
    this.within(() => {
      this.CONSUME(T.Colon);
      type = this.SUBRULE(this.type);
      value = this.OPTION(() => {
        this.CONSUME(T.Assign);
        return this.SUBRULE(this.expression);
      });
    });
    return this.ACTION(() => ({
      kind: "parameter",
      span: this.spanFrom(start.startOffset),
      ...doc,
      name: this.nameOf(start),
      type: type ?? { kind: "type_missing", span: this.missingSpan() },
      ...(value ? { default: value } : {}),
    }));
  });

  private body = this.RULE(
    "body",
    (): Pick<Ast.Block, "statements" | "body" | "form"> =>
      this.OR({
        DEF: [
          {
            ALT: () => {
              this.CONSUME(T.Assign);
              const body = this.SUBRULE(this.expression);
              return this.ACTION(() => ({ statements: [], body, form: "expression" as const }));
            },
          },
          {
            ALT: () => {
              const statements: Ast.Statement[] = [];
              this.CONSUME(T.BraceOpen);
              this.MANY(() => {
                this.region("statement", () => {
                  const statement = this.SUBRULE(this.statement);
                  this.ACTION(() => {
                    if (statement) statements.push(statement);
                  });
                });
              });
              const body = this.region("result", () => this.SUBRULE(this.result));
              this.CONSUME(T.BraceClose);
              return this.ACTION(() => ({ statements, body: body ?? this.missing(), form: "braces" as const }));
            },
          },
        ],
        ERR_MSG: "`=` or `{`",
      }),
  );

  private result = this.RULE("result", (): Ast.Expression => {
    this.ACTION(() => {
      if (this.isNext(T.BraceClose)) this.fail("the result of the body");
    });
    const first = this.LA(1);
    const result = this.SUBRULE(this.expression);
    return this.ACTION(() => (this.checkFresh(first) ? this.missing() : result));
  });

  private statement = this.RULE("statement", (): Ast.Statement | undefined =>
    this.OR([
      { ALT: () => this.SUBRULE(this.let) },
      { ALT: () => this.SUBRULE(this.weight) },
      { ALT: () => this.SUBRULE(this.state) },
    ]),
  );

  private weight = this.RULE("weight", (): Ast.Weight => {
    const start = this.CONSUME(T.Weight);
    const doc = this.ACTION(() => this.reading.docs.take(start));
    const name = this.CONSUME(T.Name);
    let type: Ast.TypeExpression | undefined;
    let init: Ast.Expression | undefined;
    this.within(() => {
      this.CONSUME(T.Colon);
      type = this.SUBRULE(this.type);
      this.CONSUME(T.Init);
      init = this.SUBRULE(this.expression);
    });
    return this.ACTION(() => ({
      kind: "weight",
      span: this.spanFrom(start.startOffset),
      ...doc,
      name: this.nameOf(name),
      type: type ?? { kind: "type_missing", span: this.missingSpan() },
      init: init ?? this.missing(),
    }));
  });

  private state = this.RULE("state", (): Ast.State => {
    const start = this.CONSUME(T.State);
    const doc = this.ACTION(() => this.reading.docs.take(start));
    const name = this.CONSUME(T.Name);
    let type: Ast.TypeExpression | undefined;
    let init: Ast.Expression | undefined;
    let rule: Ast.Expression | undefined;
    this.within(() => {
      this.CONSUME(T.Colon);
      type = this.SUBRULE(this.type);
      this.CONSUME(T.Init);
      init = this.SUBRULE(this.expression);
      this.CONSUME(T.Becomes);
      rule = this.SUBRULE2(this.expression);
    });
    return this.ACTION(() => ({
      kind: "state",
      span: this.spanFrom(start.startOffset),
      ...doc,
      name: this.nameOf(name),
      type: type ?? { kind: "type_missing", span: this.missingSpan() },
      init: init ?? this.missing(),
      rule: rule ?? this.missing(),
    }));
  });

  private step = this.RULE("step", (): Ast.Step => {
    const start = this.CONSUME(T.StepWord);
    const doc = this.ACTION(() => this.reading.docs.take(start));
    const name = this.CONSUME(T.Name);
    let base: IToken | undefined;
    let record: Ast.RecordExpression | undefined;
    this.within(() => {
      this.OPTION(() => {
        this.CONSUME(T.Assign);
        base = this.CONSUME2(T.Name);
        this.CONSUME(T.With);
      });
      record = this.SUBRULE(this.record);
    });
    return this.ACTION(() => ({
      kind: "step",
      span: this.spanFrom(start.startOffset),
      ...doc,
      step: stepKinds.find((kind) => kind === start.image) ?? "train",
      name: this.nameOf(name),
      ...(base ? { base: this.nameOf(base) } : {}),
      record: record ?? { kind: "record", span: this.missingSpan(), fields: [] },
    }));
  });

  private assert = this.RULE("assert", (): Ast.Assert => {
    const start = this.CONSUME(T.Assert);
    const doc = this.ACTION(() => this.reading.docs.take(start));
    const condition = this.SUBRULE(this.expression);
    const message = this.OPTION(() => {
      this.CONSUME(T.Comma);
      return this.CONSUME(T.Text);
    });
    return this.ACTION(() => ({
      kind: "assert",
      span: this.spanFrom(start.startOffset),
      ...doc,
      condition,
      ...(message ? { message: { kind: "string", span: this.spanOf(message), value: this.textOf(message) } } : {}),
    }));
  });
}

const stepKinds: readonly Ast.StepKind[] = ["train", "evaluate", "influence", "validate", "report", "sweep"];
