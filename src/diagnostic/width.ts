const tabStop = 4;

const wide =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1F64F}\u{1F680}-\u{1F6FF}\u{1F900}-\u{1F9FF}\u{20000}-\u{3FFFD}]$/u;
const zero = /^(?:\p{Mn}|\p{Me}|\p{Cf})$/u;

/** A line as a terminal shows it, and the column where each of its code units begins. */
export interface Shown {
  readonly text: string;
  /** One entry a code unit and one for the end. */
  readonly columns: readonly number[];
}

/** Tabs become spaces, control characters visible signs; wide characters take two columns, combining ones none. */
export const show = (line: string): Shown => {
  const columns: number[] = [];
  let text = "";
  let column = 0;
  for (const character of line) {
    for (let i = 0; i < character.length; i++) columns.push(column);
    const code = character.codePointAt(0) ?? 0;
    if (character === "\t") {
      const width = tabStop - (column % tabStop);
      text += " ".repeat(width);
      column += width;
    } else if (code < 32 || code === 127) {
      text += String.fromCodePoint(code === 127 ? 0x2421 : 0x2400 + code);
      column += 1;
    } else {
      text += character;
      column += zero.test(character) ? 0 : wide.test(character) ? 2 : 1;
    }
  }
  columns.push(column);
  return { text, columns };
};
