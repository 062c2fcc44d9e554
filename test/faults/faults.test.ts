import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Bench, corruptions, kills, type Tried } from "./faults.ts";

const all = async (faults: AsyncGenerator<Tried>): Promise<readonly Tried[]> => {
  const found: Tried[] = [];
  for await (const tried of faults) found.push(tried);
  return found;
};

/** A seeded few of what `npm run test:faults` tries by the hundred. */
describe("faults", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await Bench.open();
  }, 60_000);
  afterAll(() => bench[Symbol.dispose]());

  it("12 kills at points of the store and random times end in the bytes of an undisturbed run", async () => {
    const tried = await all(kills(bench, 12, 5));
    expect(tried).toHaveLength(12);
    expect(tried.filter(({ middle }) => middle).length).toBeGreaterThan(0);
  }, 180_000);

  it("12 harmed files are named, and never used", async () => {
    expect(await all(corruptions(bench, 12, 5))).toHaveLength(12);
  }, 180_000);
});
