import { describe, expect, it } from "vitest";
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

  it("silences no error, and of a wrong program nothing is said of comments that silence nothing", () => {
    expect(codes("let a = nothing // mtt: allow MTT2001\n")).toEqual(["MTT2001 there is no `nothing`"]);
    expect(codes("let a = nothing\nlet relu = 1 // mtt: allow MTT2006\nlet b = 1 // mtt: allow MTT2015\n")).toEqual([
      "MTT2001 there is no `nothing`",
    ]);
  });
});
