import type { Lexeme, Remark, Source } from "./lexeme.ts";
import { Float, Int, Size } from "./tokens.ts";

const int = /^(?:0|[1-9][0-9]*)$/;
const float = /^(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const size = /^[1-9][0-9]*x[1-9][0-9]*$/;

/** Says which literal the digits are; where they are none, says why and takes the nearest reading, so that parsing goes on. */
export const classifyNumber = (source: Source, digits: Lexeme): Lexeme => {
  const { text } = digits;
  if (int.test(text)) {
    if (!Number.isSafeInteger(Number(text))) {
      source.say(digits, {
        code: "MTT1008",
        message: `${abbreviate(text)} is too large for an int`,
        label: `at most ${Number.MAX_SAFE_INTEGER}`,
        help: "write a float, such as 1e20, where a float is meant",
      });
    }
    return { ...digits, type: Int };
  }
  if (float.test(text)) {
    if (!Number.isFinite(Number(text))) {
      source.say(digits, {
        code: "MTT1008",
        message: `${abbreviate(text)} is too large for a float`,
        label: "at most 1.797e308",
      });
    }
    return { ...digits, type: Float };
  }
  if (size.test(text)) return { ...digits, type: Size };
  const repaired = repair(text);
  // Behind an operand the point is an access: x.3 is no x0.3.
  const access = text.startsWith(".") && /[\p{ID_Continue})\]"]/u.test(source.text[digits.start - 1] ?? " ");
  source.say(digits, {
    ...(access ? noField(text) : repaired.remark),
    ...(repaired.text === undefined || access
      ? {}
      : {
          fix: {
            title: `write ${repaired.text}`,
            safe: repaired.same === true,
            edits: [{ ...place(digits), text: repaired.text }],
          },
        }),
  });
  const reading = repaired.text ?? "1";
  return { ...digits, text: reading, type: size.test(reading) ? Size : int.test(reading) ? Int : Float };
};

const noField = (text: string): Remark => ({
  code: "MTT1008",
  message: `${abbreviate(text)} is not a field`,
  label: "a field has a name",
  help: `the item of a list is written [${text.slice(1)}]`,
});

const place = ({ start, end }: Lexeme) => ({ start, end });

/** Long texts in messages are cut. */
export const abbreviate = (text: string): string => (text.length <= 40 ? text : `${text.slice(0, 30)}…`);

const remark = (message: string, label: string, help?: string): Remark => ({
  code: "MTT1008",
  message,
  label,
  ...(help === undefined ? {} : { help }),
});

/** `same`: the number that is offered is the one that was meant. */
const repair = (text: string): { text?: string; same?: boolean; remark: Remark } => {
  const shown = abbreviate(text);
  const valid = (candidate: string) =>
    (int.test(candidate) && Number.isSafeInteger(Number(candidate))) ||
    (float.test(candidate) && Number.isFinite(Number(candidate)));
  const offer = (candidate: string, made: Remark) =>
    valid(candidate)
      ? { text: candidate, same: true, remark: { ...made, help: made.help ?? `write ${candidate}` } }
      : { remark: made };

  if (/^0[xX][0-9a-fA-F_]*$/.test(text) && !size.test(text)) {
    const value = Number(text.replaceAll("_", ""));
    const made = remark(
      `${shown} is neither a size nor a number`,
      "a size has at least one row, and hexadecimal numbers are not part of mtt",
      "write a size such as 3x3 (height by width), or the number in decimal",
    );
    return Number.isSafeInteger(value) ? { text: String(value), remark: made } : { remark: made };
  }
  if (/^0[bBoO][0-9_]*$/.test(text)) {
    return {
      remark: remark(`${shown} is not a number`, "numbers are decimal", "write the number in decimal, such as 255"),
    };
  }
  if (/^[0-9]+(?:[xX][0-9]+){2,}$/.test(text)) {
    const axes = text.split(/[xX]/).join(", ");
    return {
      text: text
        .split(/[xX]/)
        .slice(0, 2)
        .map((n) => String(Number(n) || 1))
        .join("x"),
      remark: remark(
        `${shown} has more than two sides`,
        "a size is height by width",
        `write ${text.split(/[xX]/).slice(0, 2).join("x")} for a size; the axes of a tensor are a list: f32[${axes}]`,
      ),
    };
  }
  if (/^[0-9]+[xX][0-9]+$/.test(text)) {
    const [y, x] = text.split(/[xX]/).map(Number) as [number, number];
    const candidate = `${Math.max(y, 1)}x${Math.max(x, 1)}`;
    const zero = y === 0 || x === 0;
    return {
      text: candidate,
      remark: remark(
        `${shown} is not a size`,
        zero ? "each side is at least 1" : "a size is written with a small x and without leading zeros",
        zero ? "a size is height by width, such as 3x3" : `write ${candidate}`,
      ),
    };
  }
  if (/^[0-9]+[xX]$/.test(text)) {
    return {
      remark: remark(
        `${shown} lacks its width`,
        "a size is height by width",
        "write a size such as 3x3, without spaces",
      ),
    };
  }
  if (text.includes("_")) {
    return offer(text.replaceAll("_", ""), remark(`${shown} is not a number`, "digits are written without `_`"));
  }
  if (text.startsWith(".")) {
    return offer(`0${text}`, remark(`${shown} lacks a digit before its point`, "a float starts with a digit"));
  }
  if (/^[0-9]+\.(?:[eE].*)?$/.test(text)) {
    return offer(
      text.replace(".", ".0"),
      remark(`${shown} lacks a digit after its point`, "a point is followed by a digit"),
    );
  }
  if (/^0[0-9]/.test(text)) {
    return offer(
      text.replace(/^0+(?=[0-9])/, ""),
      remark(`${shown} has leading zeros`, "a number does not begin with 0 unless it is 0 or 0.…"),
    );
  }
  if (/^[0-9.]+$/.test(text)) {
    return { remark: remark(`${shown} has more than one point`, "a float has one point") };
  }
  const unit = /^([0-9]+(?:\.[0-9]+)?)([A-Za-z].*)$/.exec(text);
  if (unit && /^[kKM]$/.test(unit[2]!)) {
    return offer(
      String(Number(unit[1]) * (unit[2] === "M" ? 1e6 : 1e3)),
      remark(`${shown} is not a number`, "numbers have no unit"),
    );
  }
  if (unit)
    return offer(
      unit[1]!,
      remark(
        `${shown} is neither a number nor a name`,
        "a name starts with a letter, a number ends with a digit",
        "put a space or an operator between number and name, or begin the name with a letter",
      ),
    );
  return { remark: remark(`${shown} is not a number`, "such as 10, 0.5, 1e-3, or a size such as 3x3") };
};

const escapes = new Map([
  ["n", "\n"],
  ["t", "\t"],
  ["r", "\r"],
  ['"', '"'],
  ["'", "'"],
  ["\\", "\\"],
  ["0", "\0"],
]);

/** The value of a quoted text; says what is wrong with its escapes. `text` has its quotes, the closing one may be missing. */
export const readString = (source: Source, text: string, start: number): string => {
  const quote = text[0]!;
  const closed = text.length > 1 && endsWith(text, quote);
  const inside = text.slice(1, closed ? -1 : undefined);
  if (!inside.includes("\\")) return inside;
  return inside.replace(/\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|[\s\S]?)/g, (whole, after: string, at: number) => {
    const known = escapes.get(after);
    if (known !== undefined) return known;
    if (/^u./.test(after)) {
      const point = Number.parseInt(after.replace(/[u{}]/g, ""), 16);
      if (point <= 0x10ffff) return String.fromCodePoint(point);
    }
    const place = { start: start + 1 + at, end: start + 1 + at + whole.length };
    source.say(place, {
      code: "MTT1016",
      message: `\`${whole}\` means nothing in a string`,
      label: 'after a backslash stands one of \\n \\t \\r \\" \\\\ \\u{…}',
      help: "a backslash itself is written \\\\; paths are best written with /",
      fix: { title: "double the backslash", edits: [{ start: place.start, end: place.start, text: "\\" }] },
    });
    return whole;
  });
};

/** A quote at the end closes the string unless a backslash takes it away. */
const endsWith = (text: string, quote: string): boolean => {
  if (!text.endsWith(quote)) return false;
  let backslashes = 0;
  for (let i = text.length - 2; i > 0 && text[i] === "\\"; i--) backslashes++;
  return backslashes % 2 === 0;
};

export const isClosed = (text: string): boolean => text.length > 1 && endsWith(text, text[0]!);
