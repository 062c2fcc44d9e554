import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as Option from "effect/Option";
import { readRecord } from "../../src/store/walk.ts";

/** What each key came to: hashes of all arrays and files, and the figures that every undisturbed run gives alike. */
export type Contents = ReadonlyMap<string, string>;

const PART = "part ";

/** Figures that tell of the machine's time and memory, not of the result. */
const measured = /seconds|memory|peak|file/i;

const plain = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(plain)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([name]) => !measured.test(name))
            .map(([name, item]) => [name, plain(item)]),
        )
      : value;

/** Results that are whole; epochs and iterates on the way are left out, for an unbroken run keeps others. */
export const contentsOf = (store: string): Contents => {
  const found = new Map<string, string>();
  for (const key of readdirSync(join(store, "results"))) {
    for (const file of readdirSync(join(store, "results", key))) {
      if (file !== "result.json") continue;
      // What is damaged and was asked for by nobody lies where it lay.
      const record = readRecord(readFileSync(join(store, "results", key, file), "utf8"));
      if (Option.isNone(record)) continue;
      const { kind, name, arrays, files, figures } = record.value;
      // A report shows how long things took.
      const content = kind === "report" ? {} : { arrays, files: files ?? {}, figures: plain(figures) };
      found.set(
        key,
        `${kind === "part" ? PART : ""}${JSON.stringify(kind === "part" ? content : { name, ...content })}`,
      );
    }
  }
  return found;
};

/** Keys of which the second has not the same. A part that is missing is one that nobody asked for again: `steps` lets it be. */
export const differences = (expected: Contents, found: Contents, of: "all" | "steps" = "all"): readonly string[] =>
  [...expected].flatMap(([key, content]) => {
    const now = found.get(key);
    if (now === content || (now === undefined && of === "steps" && content.startsWith(PART))) return [];
    return [`${content.slice(0, 300)} became ${now?.slice(0, 300) ?? "nothing"}`];
  });
