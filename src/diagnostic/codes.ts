/**
 * Every code and its title: MTT1xxx syntax, MTT2xxx names and imports, MTT3xxx types and shapes, MTT4xxx what a step may
 * ask, MTT5xxx at run time. Codes are stable: a new one gets the next number of its hundred, an old one is never reused.
 */
export const codes = {
  MTT1001: "something else was expected here",
  MTT1002: "a character that no program holds",
  MTT1003: "a string is not closed",
  MTT1004: "a comment is not closed",
  MTT1005: "a bracket is not closed",
  MTT1006: "a bracket closes nothing",
  MTT1007: "a bracket closes one of another kind",
  MTT1008: "a malformed number or size",
  MTT1009: "a comma is missing",
  MTT1010: "`=` where `:` belongs",
  MTT1011: "an operator of another language",
  MTT1012: "a word that begins no declaration",
  MTT1013: "comparisons do not chain",
  MTT1014: "nested too deeply, or a chain too long",
  MTT1015: "the file is too large for a program",
  MTT1016: "a backslash that means nothing",
  MTT1017: "a string in single quotes",
  MTT1018: "a semicolon",
  MTT1019: "a comment that starts with `#`",
  MTT1020: "documentation that belongs to nothing",
  MTT1021: "a line that starts with `(`, `[` or `-` begins something new",
  MTT1022: "a body is statements, then its result",
  MTT1023: "a stage of a pipe is a block's name or a call",
  MTT1024: "`not` after an operator that binds more tightly",
  MTT1025: "an argument without a name after one with a name",
  MTT1026: "an element type that does not exist",
  MTT1027: "an element type without its axes",
  MTT1028: "a size has the sides `y` and `x`",
} as const satisfies { readonly [code: `MTT${number}`]: string };

export type Code = keyof typeof codes;
