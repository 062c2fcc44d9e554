import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseCsv } from "../../src/data/csv.ts";
import { loadSource } from "../../src/data/load.ts";
import { errorOf, image, label, machine, number, run, temporary, thrown, typed } from "./support.ts";

const read = (text: string, ...fields: Parameters<typeof parseCsv>[2]) =>
  parseCsv(new TextEncoder().encode(text), "a.csv", fields);
const age = number("age");
const kind = { ...label(3), name: "kind" };

describe("CSV", () => {
  it("reads columns by name, in the order of the fields, past others", () => {
    const [kinds, ages] = read('\ufeffage,"a ""name""",kind\r\n1.5,x,2\r\n\r\n-2e3,"y,\nz",0\n', kind, age);
    expect([...kinds!.data]).toEqual([2, 0]);
    expect(kinds!.data).toBeInstanceOf(Uint8Array);
    expect([...ages!.data]).toEqual([1.5, -2000]);
  });

  it("reads integers and flags", () => {
    const [i, b] = read("i,b\n-7,true\n8,0\n", number("i", "i32"), number("b", "bool"));
    expect([...i!.data]).toEqual([-7, 8]);
    expect([...b!.data]).toEqual([1, 0]);
  });

  it("names line and column of a cell that is no number", () => {
    const error = thrown(() => read("kind,age\n1,2\n1,two\n", age));
    expect(error).toMatchObject({ code: "MTT5511", file: "a.csv", expected: "a number", found: "two" });
    expect(error.message).toContain("a.csv:3: column 2, `age`");
    for (const cell of ["", "NaN", "Infinity", "0x10", "1,5", "1e999"]) {
      expect(thrown(() => read(`age,x\n"${cell}",1\n`, age)).code).toBe("MTT5511");
    }
    expect(thrown(() => read("i\n1.5\n", number("i", "i32"))).code).toBe("MTT5511");
    expect(thrown(() => read("i\n3000000000\n", number("i", "i32"))).code).toBe("MTT5511");
    expect(thrown(() => read("b\nyes\n", number("b", "bool"))).code).toBe("MTT5511");
  });

  it("wants labels as integers in range", () => {
    expect(thrown(() => read("kind\n0\n3\n", kind))).toMatchObject({ code: "MTT5507", found: "3" });
    expect(thrown(() => read("kind\ncat\n", kind))).toMatchObject({ code: "MTT5511" });
  });

  it("wants each field's column once", () => {
    expect(thrown(() => read("size,kind\n1,2\n", age))).toMatchObject({ code: "MTT5512", found: "size, kind" });
    expect(thrown(() => read("age,age\n1,2\n", age)).message).toContain("two columns");
    expect(thrown(() => read("", age)).code).toBe("MTT5512");
  });

  it("wants rows as long as the header, and closed quotes", () => {
    const error = thrown(() => read("age,kind\n1,2\n1\n", age));
    expect(error.code).toBe("MTT5512");
    expect(error.message).toContain("a.csv:3:");
    expect(thrown(() => read('age\n"1\n', age)).code).toBe("MTT5512");
    expect(thrown(() => read(`age\n${"1".repeat(2 ** 21)}\n`, age)).code).toBe("MTT5512");
  });

  it("holds one number a cell", () => {
    expect(thrown(() => read("image\n1\n", image(2))).code).toBe("MTT5508");
  });

  it("is found beside the program", async () => {
    const root = temporary();
    writeFileSync(join(root, "a.csv"), "age\n1\n2\n");
    const { config } = machine(root);
    const data = await run(loadSource({ kind: "csv", path: "a.csv" }, [age], config));
    expect([data.index.length, data.origin]).toEqual([2, "a.csv"]);
    expect(await errorOf(loadSource({ kind: "csv", path: "b.csv" }, [age], config))).toMatchObject({
      code: "MTT5502",
      file: join(root, "b.csv"),
    });
  });

  it("comes to columns or a DataError whatever the text", () => {
    const piece = fc.constantFrom("age", "kind", ",", "\n", '"', "1", "2.5", "-", " ", "\r", "é", "\0");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        typed(() => read(pieces.join(""), age));
        typed(() => read(`age,kind\n${pieces.join("")}`, age, kind));
      }),
      { numRuns: 300 },
    );
  });
});
