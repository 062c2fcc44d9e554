import { describe, expect, it } from "vitest";
import { format } from "../../src/format/format.ts";
import { checkText, said } from "./suite.ts";

const weights = (before: string, behind: string) => `block f(x: f32[n]) -> f32[n] {
${before}  weight W: f32[n] ~ glorot${behind}
  x
}
`;
const codes = (text: string) => checkText(text).diagnostics.map(said);
const unread = "MTT3101 nothing reads the weight `W`";

describe("// mtt: allow", () => {
  it("silences a warning of its line: behind the code, or above it with other comments between", () => {
    expect(codes(weights("", ""))).toEqual([unread]);
    expect(codes(weights("", " // mtt: allow MTT3101"))).toEqual([]);
    expect(codes(weights("  // mtt: allow MTT3101\n\n  // why\n", ""))).toEqual([]);
    expect(codes(weights("", "//mtt:allow MTT3101, because it is meant so").replace(/\n/g, "\r\n"))).toEqual([]);
  });

  it("of another code, on another line, or twice silences nothing, and says so", () => {
    expect(codes(weights("", " // mtt: allow MTT2015"))).toEqual([unread, "MTT2016 nothing here says MTT2015"]);
    expect(codes(`// mtt: allow MTT3101\n${weights("", "")}`)).toEqual(["MTT2016 nothing here says MTT3101", unread]);
    expect(codes(weights("", " // mtt: allow MTT3101 MTT3101"))).toEqual(["MTT2016 nothing here says MTT3101"]);
    expect(codes("let a = 1 // mtt: allow MTT9999\n")).toEqual(["MTT2016 there is no warning MTT9999"]);
    expect(codes("let a = 1 // mtt: allow unused\n")).toEqual(["MTT2016 an `allow` names the code of a warning"]);
  });

  describe("is for what stands on its line in a formatted program, however its lines are broken:", () => {
    const both = (text: string) => {
      const formatted = format(text, "main.mtt");
      if (typeof formatted !== "string") throw new Error(text);
      expect(codes(formatted)).toEqual(codes(text));
      return codes(text);
    };
    const long = Array.from({ length: 30 }, (_, i) => `${i} + 100000`).join(" + ");
    const used = "\nlet a = 1\nassert a == 1\n";
    const train = (open: string, last: string) => `let digits = mnist()
network Net(image: f32[28, 28, 1]) -> f32[10] = image |> flatten |> dense(10)
train t ${open} network: Net, loss: softmax_cross_entropy, optimizer: sgd(0.1), epochs: 1${last}\n`;

    it.each([
      `let b // mtt: allow MTT2015\n =\n 1${used}`,
      `let b\n = 1 // mtt: allow MTT2015${used}`,
      `let b = ${long} // mtt: allow MTT2015${used}`,
      `// mtt: allow MTT2015\nlet b =\n${long}${used}`,
      `import { relu as r }\n from "std/activations" // mtt: allow MTT2015${used}`,
      "block f(x: f32[n], // why\n  k: int, // mtt: allow MTT2015\n) -> f32[n] = x\n",
      "block f(x: f32[n], k: int) -> f32[n] = // mtt: allow MTT2015\n x\n",
      "block f(x: f32[n], k: int) -> f32[n] { // mtt: allow MTT2015\n x }\n",
      "block f(x: f32[n], k: int) -> f32[n] { let a = 1 x } // mtt: allow MTT2015\n",
      train("{", ", data: digits.test } // mtt: allow MTT4108"),
      train("{", ",\n data: digits.test } // mtt: allow MTT4108"),
      train("{", "\n data: // mtt: allow MTT4108\n digits.test }"),
      train("{", "\n // mtt: allow MTT4108\n\n data: digits.test }"),
    ])("%s", (text) => {
      expect(both(text)).toEqual([]);
    });

    it("no other part is meant", () => {
      const idle = "MTT2016 nothing here says MTT4108";
      expect(both(train("{ // mtt: allow MTT4108\n", ", data: digits.test }"))).toContain(idle);
      expect(both(train("{", ", // mtt: allow MTT4108\n data: digits.test }"))).toContain(idle);
      expect(both(train("{", ", data: digits.test\n// mtt: allow MTT4108\n }"))).toContain(idle);
      expect(both("block f(x: f32[n], j: int, // mtt: allow MTT2015\n k: int) -> f32[n] = x\n")).toEqual([
        "MTT2015 nothing in `f` reads `k`",
      ]);
    });
  });

  it("silences no error, and of a wrong program nothing is said of comments that silence nothing", () => {
    expect(codes("let a = nothing // mtt: allow MTT2001\n")).toEqual(["MTT2001 there is no `nothing`"]);
    expect(codes("let a = nothing\nlet relu = 1 // mtt: allow MTT2006\nlet b = 1 // mtt: allow MTT2015\n")).toEqual([
      "MTT2001 there is no `nothing`",
    ]);
  });
});
