import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { memberOf, parseNpz } from "../../src/data/npz.ts";
import { tensor, zeros } from "../../src/shape/tensor.ts";
import { thrown, typed } from "./support.ts";
import { npyOf, npz, zip } from "./zip.ts";

const LIMIT = 2 ** 20;
const read = (bytes: Uint8Array, limit = LIMIT) => parseNpz(bytes, "x.npz", limit);

/** What NumPy 2.4.6 writes for { "layer0/W": float32([[1.5, -2]]), n: int64(7), ok: [True, False] }. */
const written = {
  savez:
    "UEsDBC0AAAAAAAAAIQD9z6UI//////////8MABQAbGF5ZXIwL1cubnB5AQAQAIgAAAAAAAAAiAAAAAAAAACTTlVNUFkBAHYAeydkZXNjcic6ICc8ZjQnLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMSwgMiksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgCgAAwD8AAADAUEsDBC0AAAAAAAAAIQAjuPBs//////////8FABQAbi5ucHkBABAAiAAAAAAAAACIAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxpOCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKBwAAAAAAAABQSwMELQAAAAAAAAAhAO4Zu13//////////wYAFABvay5ucHkBABAAggAAAAAAAACCAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJ3xiMScsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAQBQSwECLQMtAAAAAAAAACEA/c+lCIgAAACIAAAADAAAAAAAAAAAAAAAgAEAAAAAbGF5ZXIwL1cubnB5UEsBAi0DLQAAAAAAAAAhACO48GyIAAAAiAAAAAUAAAAAAAAAAAAAAIABxgAAAG4ubnB5UEsBAi0DLQAAAAAAAAAhAO4Zu12CAAAAggAAAAYAAAAAAAAAAAAAAIABhQEAAG9rLm5weVBLBQYAAAAAAwADAKEAAAA/AgAAAAA=",
  savez_compressed:
    "UEsDBC0AAAAIAAAAIQD9z6UI//////////8MABQAbGF5ZXIwL1cubnB5AQAQAIgAAAAAAAAATQAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2airqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RqGOgpGmjoKtQpkAy4GhgP2DEACAFBLAwQtAAAACAAAACEAI7jwbP//////////BQAUAG4ubnB5AQAQAIgAAAAAAAAARgAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBuk2mhrqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RqaOgq1ChQBLnYGCAAAUEsDBC0AAAAIAAAAIQDuGbtd//////////8GABQAb2subnB5AQAQAIIAAAAAAAAARgAAAAAAAACb7BfqGxDJyFDGUK2eklqcXKRupaBek2SorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RpGOpo6CrUKFAAuRgYAUEsBAi0DLQAAAAgAAAAhAP3PpQhNAAAAiAAAAAwAAAAAAAAAAAAAAIABAAAAAGxheWVyMC9XLm5weVBLAQItAy0AAAAIAAAAIQAjuPBsRgAAAIgAAAAFAAAAAAAAAAAAAACAAYsAAABuLm5weVBLAQItAy0AAAAIAAAAIQDuGbtdRgAAAIIAAAAGAAAAAAAAAAAAAACAAQgBAABvay5ucHlQSwUGAAAAAAMAAwChAAAAhgEAAAAA",
};

describe("npz", () => {
  it("reads the bytes that numpy.savez and numpy.savez_compressed write", () => {
    for (const base64 of Object.values(written))
      expect(read(Buffer.from(base64, "base64"))).toEqual({
        "layer0/W": tensor("f32", [1, 2], [1.5, -2]),
        n: tensor("i32", [], [7]),
        ok: tensor("bool", [2], [1, 0]),
      });
  });

  it("refuses more than is asked for before it unfolds anything", () => {
    const zerosOf = (n: number) => ({ "w.npy": npyOf(zeros("f64", [n])) });
    const bomb = zip(zerosOf(2 ** 20));
    expect(bomb.length).toBeLessThan(20_000);
    expect(thrown(() => read(bomb))).toMatchObject({ code: "MTT5509", message: expect.stringContaining("8.0 MiB") });
    // The table lies: what unfolds to more is cut, what unfolds to less is not whole.
    for (const size of [64, 2 ** 19])
      expect(thrown(() => read(zip(zerosOf(2 ** (size === 64 ? 20 : 4)), () => size)))).toMatchObject({
        code: "MTT5510",
      });
    const many = npyOf(zeros("f32", [3]));
    const text = Buffer.from(many).toString("latin1").replace("(3,), }            ", "(3000000000000,), }");
    expect(thrown(() => read(zip({ "w.npy": Buffer.from(text, "latin1") })))).toMatchObject({ code: "MTT5509" });
  });

  it("says what is no archive, no array, or packed in another way", () => {
    expect(thrown(() => read(new Uint8Array(100)))).toMatchObject({ code: "MTT5503" });
    expect(thrown(() => read(npz({ a: zeros("f32", [2]) }).subarray(0, 100)))).toMatchObject({ code: "MTT5503" });
    expect(thrown(() => read(zip({ "a.txt": Buffer.from("text") }))).message).toContain("a.txt, which is no .npy file");
    expect(thrown(() => read(zip({ "a.npy": Buffer.from("text") }))).message).toContain("x.npz: a.npy is no .npy file");
    const odd = npz({ a: zeros("f32", [2]) });
    odd.writeUInt16LE(12, odd.indexOf("PK\u0001\u0002") + 10);
    expect(thrown(() => read(odd)).message).toContain("a.npy packed by method 12");
  });

  it("refuses an array whose bytes are not those that the table has the checksum of", () => {
    // As numpy.savez writes it, not packed: a changed number is still a number.
    const bytes = Buffer.from(written.savez, "base64");
    bytes[bytes.indexOf(Buffer.from(Float32Array.of(1.5, -2).buffer))] = 1;
    expect(thrown(() => read(bytes))).toMatchObject({
      code: "MTT5510",
      message: expect.stringContaining("layer0/W.npy of another checksum"),
    });
  });

  it("unfolds the one array that is asked for, and says what there is instead of another", () => {
    const x = npyOf(tensor("f32", [2], [1.5, -2]));
    const archive = zip({ "x.npy": x, "set/y.npy": npyOf(tensor("i32", [1], [7])), "notes.txt": Buffer.from("text") });
    expect(Buffer.from(memberOf(archive, "d.npz", "x"))).toEqual(x);
    expect(thrown(() => memberOf(archive, "d.npz", "z"))).toMatchObject({
      code: "MTT5502",
      message: "d.npz holds no array `z`",
      help: "it holds x, set/y",
    });
    // Another member's damage is not met.
    const odd = zip({ "x.npy": x, "y.npy": x }, (name, size) => (name === "y.npy" ? 5 : size));
    expect(Buffer.from(memberOf(odd, "d.npz", "x"))).toEqual(x);
    expect(thrown(() => memberOf(odd, "d.npz", "y"))).toMatchObject({ code: "MTT5510" });
  });

  it("gives arrays or an error of its own for 3000 damaged archives", () => {
    const whole = npz({ "layer0/W": tensor("f32", [2, 3], [1, 2, 3, 4, 5, 6]), n: tensor("i32", [], [7]) });
    const outcomes = new Map<string, number>();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(whole.length),
        (changes, cut) => {
          const bytes = Uint8Array.from(whole);
          for (const [at, value] of changes) bytes[at] = value;
          const outcome = typed(() => read(cut % 3 === 0 ? bytes.subarray(0, cut) : bytes));
          outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
        },
      ),
      { numRuns: 3000 },
    );
    expect([...outcomes.keys()]).toEqual(expect.arrayContaining(["read", "MTT5503", "MTT5509", "MTT5510"]));
  });
});
