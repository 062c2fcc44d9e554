import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pack, unpack } from "../../playground/link.ts";

describe("a link", () => {
  it("carries any text, in letters that stand in an address as they are", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", maxLength: 2000 }), async (text) => {
        const packed = await pack(text);
        expect(packed).toMatch(/^[\w-]+$/);
        expect(await unpack(packed)).toBe(text);
      }),
      { numRuns: 100 },
    );
  });

  it("of anything else is refused: other letters, bytes that unpack to nothing, to no text, or to more than a program", async () => {
    const whole = await pack("let a = 1\n");
    for (const wrong of [
      "",
      "%",
      "a b",
      "AAAA",
      whole.slice(0, -3),
      `${whole}A`,
      deflateRawSync(Buffer.from([0xff])).toString("base64url"),
    ])
      expect(await unpack(wrong), wrong).toBeUndefined();
    const bomb = deflateRawSync(Buffer.alloc(2 ** 28)).toString("base64url");
    expect(await unpack(bomb)).toBeUndefined();
    await fc.assert(
      fc.asyncProperty(fc.base64String({ maxLength: 200 }), async (letters) => {
        const text = await unpack(letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
        expect(["string", "undefined"]).toContain(typeof text);
      }),
      { numRuns: 200 },
    );
  });
});
