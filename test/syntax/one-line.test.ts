import { describe, expect, it } from "vitest";
import { format } from "../../src/format/format.ts";
import { oneLine } from "../../src/syntax/one-line.ts";

describe("the text of an expression on one line", () => {
  it.each([
    ["dense( 10 )", "dense(10)"],
    ["conv(8,kernel:3x3 ,\n  stride : 2x2,\n)", "conv(8, kernel: 3x3, stride: 2x2)"],
    ["f(a, // why\n  b /* how */)", "f(a, b)"],
    ['f("a  // b",[1,2,-3])', 'f("a  // b", [1, 2, -3])'],
    ["a+b*-c", "a + b * -c"],
    ["not(a)and(b)", "not (a) and (b)"],
    ["x|>f|>g(1).y[ 0 ]", "x |> f |> g(1).y[0]"],
    ["{a:1,}", "{ a: 1 }"],
    ["f(image:f32[ 28,28 ],...s)", "f(image: f32[28, 28], ...s)"],
    ["1e-3 -1", "1e-3 - 1"],
    ["a <-b", "a < -b"],
  ])("%s", (text, shown) => {
    expect(oneLine(text)).toBe(shown);
    expect(oneLine(shown)).toBe(shown);
  });

  it("does not depend on the layout", () => {
    const text = "let a = f( x ,y:[1,2 ,-3],z:(a+ b)*-c,)|>g|>h( not(p) ,q:3x3)\n";
    const formatted = format(text, "a.mtt");
    expect(typeof formatted === "string" && oneLine(formatted)).toBe(oneLine(text));
    expect(oneLine(text)).toBe("let a = f(x, y: [1, 2, -3], z: (a + b) * -c) |> g |> h(not (p), q: 3x3)");
  });
});
