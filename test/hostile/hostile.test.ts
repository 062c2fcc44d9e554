import { describe, expect, it } from "vitest";
import { parseCsv } from "../../src/data/csv.ts";
import { thrown } from "../data/support.ts";
import { caseOf } from "./cases.ts";
import { handmade } from "./handmade.ts";
import { readers } from "./readers.ts";

/** KiB that reading one hostile file may add to what the process ever took; what the bombs unfold to, or claim, is more. */
const GROWTH = 512 * 1024;

describe("readers of what comes from outside", () => {
  it.each(
    readers.flatMap(({ name, samples, read }) =>
      samples.map((sample, at) => ({ name: `${name} ${at}`, sample, read })),
    ),
  )("read the sample $name, and refuse or read it cut off anywhere", ({ sample, read, name }) => {
    // The pictures and colours of other shapes are whole, and do not fit the field.
    expect(["read", "MTT5508"], name).toContain(read(sample));
    const step = Math.max(1, Math.floor(sample.length / 300));
    for (let end = 0; end < sample.length; end += step)
      expect(read(sample.slice(0, end))).toMatch(/^(read|MTT\d{4}|damaged|wrong use)$/);
  });

  it("answer 3,000 changed files of a seed by reading them or with a code", () => {
    const outcomes = new Map<string, number>();
    for (let index = 0; index < 3000; index++) {
      const { reader, bytes, how } = caseOf(11, index);
      let outcome: string;
      try {
        outcome = reader.read(bytes);
      } catch (error) {
        throw new Error(`case ${index}, ${reader.name}, ${how}`, { cause: error });
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
    expect([...outcomes.keys()].filter((outcome) => !/^(read|MTT\d{4}|damaged|wrong use)$/.test(outcome))).toEqual([]);
    expect(outcomes.get("read")).toBeGreaterThan(100);
    expect(outcomes.size).toBeGreaterThan(9);
  }, 60_000);

  it.each(handmade)("$reader: $what", ({ reader: name, bytes, codes }) => {
    const made = bytes();
    const { read } = readers.find((reader) => reader.name === name)!;
    const before = process.resourceUsage().maxRSS;
    expect(codes).toContain(read(made));
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(GROWTH);
  });

  it("count the numbers of a CSV file", () => {
    const field = { name: "a", type: { dtype: "f32", shape: [] } } as const;
    const bytes = new TextEncoder().encode(`a\n${"1\n".repeat(5000)}`);
    expect(parseCsv(bytes, "x", [field], 5000)[0]!.data).toHaveLength(5000);
    expect(thrown(() => parseCsv(bytes, "x", [field], 4999)).code).toBe("MTT5509");
  });
});
