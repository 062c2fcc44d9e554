import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { engine } from "../../src/backend/tensorflow.ts";

/** Which processors each thread of this process may use, as the system lists them. */
const places = (): readonly string[] =>
  readdirSync("/proc/self/task").map(
    (id) => readFileSync(`/proc/self/task/${id}/status`, "utf8").match(/Cpus_allowed_list:\s*(\S+)/)![1]!,
  );

const processors = (list: string): readonly string[] =>
  list.split(",").flatMap((range) => {
    const [first, last] = range.split("-").map(Number) as [number, number?];
    return Array.from({ length: (last ?? first) - first + 1 }, (_, i) => String(first + i));
  });

it("as many workers as processors keep to one each, and no other thread does", () => {
  const [all] = places();
  const each = processors(all!);
  engine({});
  const kept = places().filter((place) => place !== all);
  expect(kept.toSorted()).toEqual(each.length === 1 ? [] : each.toSorted());
});
