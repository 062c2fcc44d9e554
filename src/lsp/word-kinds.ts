import type { Meaning } from "./occurrences.ts";

/** What a word is coloured as: names of the protocol's token types. */
export const wordKinds = [
  "variable",
  "parameter",
  "function",
  "class",
  "property",
  "enumMember",
  "typeParameter",
  "event",
] as const;
export type WordKind = (typeof wordKinds)[number];

export function wordKind(meaning: Meaning): WordKind {
  switch (meaning.kind) {
    case "declaration": {
      const { kind } = meaning.declaration;
      if (kind === "block") return "function";
      return kind === "network" ? "class" : kind === "step" ? "event" : "variable";
    }
    case "parameter":
    case "argument":
      return "parameter";
    case "dimension":
      return "typeParameter";
    case "primitive":
    case "builtin":
      return "function";
    case "word":
    case "training":
      return "enumMember";
    case "field":
    case "setting":
      return "property";
    case "local":
      return meaning.statement.kind === "let" ? "variable" : "property";
  }
}
