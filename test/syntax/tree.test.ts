import { describe, expect, it } from "vitest";
import type { Expression } from "../../src/syntax/ast.ts";
import { parse } from "../../src/syntax/parse.ts";

const read = (text: string) => {
  const { file, diagnostics } = parse("a.mtt", text);
  expect(diagnostics).toEqual([]);
  return file;
};

/** An expression with every operation in parentheses. */
const show = (e: Expression): string => {
  switch (e.kind) {
    case "binary":
      return `(${show(e.left)} ${e.operator} ${show(e.right)})`;
    case "unary":
      return `(${e.operator} ${show(e.operand)})`;
    case "pipe":
      return `(${show(e.input)} |> ${show(e.stage)})`;
    case "call":
      return `${show(e.callee)}(${e.arguments.map(({ name, value }) => (name ? `${name.text}: ` : "") + show(value)).join(", ")})`;
    case "field":
      return `${show(e.target)}.${e.name.text}`;
    case "index":
      return `${show(e.target)}[${show(e.index)}]`;
    case "group":
      return show(e.inner);
    case "list":
      return `[${e.items.map(show).join(", ")}]`;
    case "size":
      return `${e.y}x${e.x}`;
    case "name":
      return e.text;
    case "string":
      return JSON.stringify(e.value);
    case "int":
    case "float":
    case "bool":
      return String(e.value);
    default:
      return e.kind;
  }
};

const expression = (text: string): string => {
  const declaration = read(`let it = ${text}`).declarations[0];
  return declaration?.kind === "let" ? show(declaration.value) : "";
};

describe("operators", () => {
  it.each([
    ["a or b and not c == d + e * -f |> g", "(a or (b and (not (c == (d + (e * (- (f |> g))))))))"],
    ["a - b - c", "((a - b) - c)"],
    ["a / b * c @ d", "(((a / b) * c) @ d)"],
    ["x |> relu + y", "((x |> relu) + y)"],
    ["data |> count >= 3", "((data |> count) >= 3)"],
    ["-x |> f", "(- (x |> f))"],
    ["- -x", "(- (- x))"],
    ["not not a and b", "((not (not a)) and b)"],
    ["a < -b", "(a < (- b))"],
    ["a <-b", "(a < (- b))"],
    ["a.b[0](1).c |> d.e(2) |> f", "((a.b[0](1).c |> d.e(2)) |> f)"],
    ["-a.b + 1", "((- a.b) + 1)"],
    ["3x3", "3x3"],
    ["(a or b) and c", "((a or b) and c)"],
  ])("%s", (text, tree) => expect(expression(text)).toBe(tree));
});

describe("words", () => {
  it("are names everywhere but at the start of a declaration or statement", () => {
    expect(expression("digits.train + train.weight")).toBe("(digits.train + train.weight)");
    expect(expression("let + param")).toBe("(let + param)");
    const file = read("train train { network: network\n train: block }\nlet report = state\nlet as = with");
    expect(file.declarations.map((d) => ("name" in d ? `${d.kind} ${d.name.text}` : d.kind))).toEqual([
      "step train",
      "let report",
      "let as",
    ]);
  });
  it("open statements of a body only where a statement's form follows", () => {
    const [block] = read("block f(weight: f32[]) -> f32[] {\n let state = weight * 2\n weight + state\n}").declarations;
    expect(block?.kind === "block" && [block.statements.length, show(block.body)]).toEqual([1, "(weight + state)"]);
  });
});

describe("new lines", () => {
  it("before ( [ and - begin something new outside brackets", () => {
    const body = (text: string) => {
      const [block] = read(`block f(x: f32[]) -> f32[] {\n${text}\n}`).declarations;
      return block?.kind === "block"
        ? [...block.statements.map((s) => (s.kind === "let" ? show(s.value) : "")), show(block.body)]
        : [];
    };
    expect(body("let y = x\n- 1")).toEqual(["x", "(- 1)"]);
    expect(body("let y = x\n(x + 1)")).toEqual(["x", "(x + 1)"]);
    expect(body("let y = x\n[x]")).toEqual(["x", "[x]"]);
    expect(body("let y = x -\n1\ny")).toEqual(["(x - 1)", "y"]);
    expect(body("let y = (x\n- 1)\ny")).toEqual(["(x - 1)", "y"]);
    expect(body("let y = x\n+ 1\ny")).toEqual(["(x + 1)", "y"]);
    expect(body("let y = f(x,\n-1)\ny")).toEqual(["f(x, (- 1))", "y"]);
  });
  it("and the column where a line begins say nothing else: a body ends at its brace", () => {
    const parts = "let y = { a: x }\nlet z = y\nweight W: f32[] ~ init\nx";
    const statements = (text: string) => {
      const [block, last] = read(
        `block f(x: f32[]) -> f32[] {\n${text}\n}\nlet after = 1\nassert after == 1`,
      ).declarations;
      expect(last?.kind === "let" && last.name.text).toBe("after");
      return block?.kind === "block" ? block.statements.map(({ name }) => name.text) : [];
    };
    for (const text of [
      parts,
      parts.replaceAll("\n", "\n  "),
      `  ${parts}`,
      `  ${parts.replace("{ a", "{\na").replace(" }", "\n}")}`,
    ])
      expect(statements(text), text).toEqual(["y", "z", "W"]);
  });
  it("where a body has no brace at its end, a `let` left of its statements belongs to the file", () => {
    for (const rest of ["", "train t { a: 1 }\n", "block g(x: f32[]) -> f32[] {\n x\n}\n"]) {
      const { file, diagnostics } = parse(
        "a.mtt",
        `block f(x: f32[]) -> f32[] {\n  let y = x\n  y\nlet after = { a: 1 }\n${rest}`,
      );
      expect(diagnostics.map(({ code }) => code)).toEqual(["MTT1005"]);
      expect(file.declarations.slice(0, 2).map((d) => "name" in d && d.name.text)).toEqual(["f", "after"]);
    }
  });
  it("part the fields of a record, as commas do", () => {
    const [step] = read("train t {\n a: 1\n b: 2, c: x\n |> f\n d: [1,\n 2,],\n}").declarations;
    expect(step?.kind === "step" && step.record.fields.map(({ name }) => name.text)).toEqual(["a", "b", "c", "d"]);
  });
});

describe("`<-`", () => {
  it("is a token only after the `~ init` of a state", () => {
    const [block] = read("block f(x: f32[]) -> f32[] {\n state m: f32[] ~ g(x <-1) <-x <-2\n m <-3\n}").declarations;
    const state = block?.kind === "block" ? block.statements[0] : undefined;
    expect(state?.kind === "state" && [show(state.init), show(state.rule)]).toEqual(["g((x < (- 1)))", "(x < (- 2))"]);
    expect(block?.kind === "block" && show(block.body)).toBe("(m < (- 3))");
  });
});

describe("types", () => {
  it("stand as the values of fields and arguments", () => {
    const [a] = read(
      'let a = csv("a", fields: { age: f32[], label: class[3], image: "x.npy" as f32[h, ...s] }, one: f64[2, ceil(n / 2)])',
    ).declarations;
    expect(a).toMatchObject({
      value: {
        arguments: [
          { value: { kind: "string" } },
          {
            value: {
              fields: [
                { value: { kind: "type_tensor", dtype: "f32", dims: [] } },
                { value: { kind: "type_class", classes: { value: 3 } } },
                { value: { kind: "as", type: { dims: [{ kind: "dim_name" }, { kind: "dim_spread", name: "s" }] } } },
              ],
            },
          },
          {
            value: {
              kind: "type",
              type: { dims: [{ value: 2 }, { kind: "dim_call", name: "ceil", arguments: [{ kind: "dim_binary" }] }] },
            },
          },
        ],
      },
    });
  });
});

describe("documentation", () => {
  it("belongs to what follows, the first of a file to the file", () => {
    const file = read(
      "/// file\n/// more\n\n/// one\nblock f(/// x\nx: f32[],\ny: int = 1, /// z\nz: int) -> f32[] {\n/// w\nweight w: f32[] ~ g\nw }\n\n/// t\ntrain t {\n /// a\n a: 1 /// b\n b: 2\n}\n//// none\nlet c = 1",
    );
    expect(file).toMatchObject({
      doc: "file\nmore",
      declarations: [
        { doc: "one", parameters: [{ doc: "x" }, {}, { doc: "z" }], statements: [{ doc: "w" }] },
        { doc: "t", record: { fields: [{ doc: "a" }, { doc: "b" }] } },
        {},
      ],
    });
    expect(file.declarations[2]).not.toHaveProperty("doc");
  });
  it("that belongs to nothing is warned of", () => {
    const { diagnostics } = parse("a.mtt", "let a = 1\n/// lost\n");
    expect(diagnostics.map(({ code, severity }) => `${severity} ${code}`)).toEqual(["warning MTT1020"]);
  });
});

describe("literals", () => {
  it("have their values", () => {
    expect(expression('["a\\n\\u{1F600}\\"", 1e-3, 0.5, 10, true]')).toBe('["a\\n😀\\"", 0.001, 0.5, 10, true]');
  });
  it("know where they stand", () => {
    const text = "let λ = «x»";
    const [one] = parse("a.mtt", text).diagnostics;
    expect(text.slice(one?.span.start, one?.span.end)).toBe("«x»");
  });
});
