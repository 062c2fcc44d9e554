import { notPrecedence, precedence, signPrecedence } from "../src/syntax/operators.ts";
import type { Node, Rule } from "./model.ts";

const width = 110;

const head = `(* The grammar of mtt, written by grammar/generate.ts from the parser itself.

   "text"   a word or a sign            [ a ]   a or nothing
   a | b    one of them                 { a }   a any number of times, or nothing

   Words such as train or weight are names everywhere but at the start of a declaration or a statement. White space and
   comments may stand between any two tokens. Outside ( ) and [ ] a line that starts with ( [ or - begins something new:
   it never calls, indexes or subtracts from the line before. *)
`;

const tail = `(* Tokens *)
name = ( letter | "_" ) { letter | digit | "_" } ;          (* letters of any script: Unicode ID_Start, ID_Continue *)
int = "0" | nonzero { digit } ;
float = int [ "." digit { digit } ] [ ( "e" | "E" ) [ "+" | "-" ] digit { digit } ] ;   (* with a point or an exponent *)
size = nonzero { digit } "x" nonzero { digit } ;            (* height by width *)
string = '"' { character | escape } '"' ;                   (* on one line *)
escape = "\\" ( "n" | "t" | "r" | "0" | '"' | "'" | "\\" | "u" hex hex hex hex | "u{" hex { hex } "}" ) ;
newline = (* the break between two lines: it parts the fields of a record *) ;
comment = "//" (* to the end of the line *) | "/*" (* anything *) "*/" ;
documentation = "///" (* to the end of the line: belongs to the next declaration, statement, field or parameter; before
                         everything else to the file *) ;
`;

/** The grammar as text. */
export const toEbnf = (rules: readonly Rule[]): string =>
  `${head}\n${rules.map(({ name, body }) => `${rule(name, body)}\n`).join("")}\n${operators()}\n${tail}`;

const rule = (name: string, body: Node): string => {
  const line = `${name} = ${print(body, false)} ;`;
  if (line.length <= width || body.kind !== "choice") return line;
  return `${name}\n  = ${body.items.map((item) => print(item, true)).join("\n  | ")}\n  ;`;
};

const print = (node: Node, inside: boolean): string => {
  switch (node.kind) {
    case "literal":
      return JSON.stringify(node.text);
    case "name":
      return node.name;
    case "option":
      return `[ ${print(node.item, false)} ]`;
    case "sequence":
      return node.items.map((item) => print(item, true)).join(" ");
    case "choice": {
      const all = node.items.map((item) => print(item, false)).join(" | ");
      return inside ? `( ${all} )` : all;
    }
    case "repeat": {
      const item = print(node.item, true);
      if (node.separator === undefined) return `{ ${print(node.item, false)} }`;
      return `[ ${item} { ${print(node.separator, true)} ${item} } ]`;
    }
  }
};

/** How tightly operators bind: the parser reads a chain of operands flat, and groups it by this table. */
const operators = (): string => {
  const levels = new Map<number, string[]>([
    [notPrecedence, ["not"]],
    [signPrecedence, ["- (sign)"]],
  ]);
  for (const [operator, level] of Object.entries(precedence))
    levels.set(level, [...(levels.get(level) ?? []), operator]);
  const rows = [...levels].sort(([a], [b]) => a - b).map(([, signs]) => `   ${signs.join("  ")}`);
  return `(* Operators, from those that bind least; those of one line group to the left, comparisons do not chain.
${rows.join("\n")}
   |>, then calls, indices and fields, bind more tightly than any of them. *)
`;
};
