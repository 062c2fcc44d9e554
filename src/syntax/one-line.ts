// In an expression `<-` is `<` and `-`.
const piece =
  /"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|\s+|\d+x\d+|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[\p{ID_Start}_][\p{ID_Continue}]*|\|>|->|[<>=!]=|\.\.\.|./gsu;
const word = /^[\p{ID_Start}_]/u;
/** Words that an operand follows: `not (a)`, and no call. */
const operators: ReadonlySet<string> = new Set(["and", "or", "not"]);
const isOperand = (text: string | undefined): boolean =>
  text !== undefined && !operators.has(text) && /["\])}\p{ID_Continue}]$/u.test(text);

/** The text of an expression on one line, as the formatter spaces it, without comments: a message is the same however the program is laid out. */
export const oneLine = (text: string): string => {
  const pieces = (text.match(piece) ?? []).filter((one) => !/^(?:\s|\/\/|\/\*)/.test(one));
  let line = "";
  let glued = true;
  for (const [i, one] of pieces.entries()) {
    const [before, after] = [pieces[i - 1], pieces[i + 1]];
    if (one === "," && (after === ")" || after === "]" || after === "}")) continue;
    const calls = (one === "(" || one === "[") && isOperand(before) && !/^\d/.test(before!);
    const closes = [")", "]", ",", ".", ":"].includes(one) || (one === "}" && before === "{");
    line += glued || calls || closes ? one : ` ${one}`;
    const sign = one === "-" && !isOperand(before);
    glued = sign || ["(", "[", ".", "..."].includes(one) || (word.test(one) && after === "...");
  }
  return line;
};
