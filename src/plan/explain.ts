import type { Json } from "./json.ts";

/** One place at which two preimages differ; `before` or `after` is absent where the place exists in one only. */
export interface Difference {
  readonly path: readonly (string | number)[];
  readonly before?: Json;
  readonly after?: Json;
}

/** Every place at which two preimages differ, in the order of the second; lists are compared by position, after their common head and tail. */
export const differences = (before: Json, after: Json): readonly Difference[] => {
  const found: Difference[] = [];
  compare(before, after, [], found);
  return found;
};

/** `optimizer.rate.rate: 0.001 -> 0.01`, a line for each difference: why a step would run again. */
export const explainDifference = (before: Json, after: Json): readonly string[] =>
  differences(before, after).map(({ path, before, after }) => {
    const place = path
      .map((part, i) => (typeof part === "number" ? `[${part}]` : i === 0 ? part : `.${part}`))
      .join("");
    const at = place === "" ? "all of it" : place;
    if (before === undefined) return `${at}: ${brief(after)} is new`;
    if (after === undefined) return `${at}: ${brief(before)} is gone`;
    return `${at}: ${brief(before)} -> ${brief(after)}`;
  });

type Fields = { readonly [key: string]: Json };
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);
const isRecord = (value: Json): value is Fields => typeof value === "object" && value !== null && !isList(value);

const compare = (before: Json, after: Json, path: readonly (string | number)[], found: Difference[]): void => {
  if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(after), ...Object.keys(before)])) {
      const [left, right] = [before[key], after[key]];
      if (left !== undefined && right !== undefined) compare(left, right, [...path, key], found);
      else if (right !== undefined) found.push({ path: [...path, key], after: right });
      else if (left !== undefined) found.push({ path: [...path, key], before: left });
    }
  } else if (isList(before) && isList(after)) compareLists(before, after, path, found);
  else if (before !== after) found.push({ path, before, after });
};

/** Lists that grew or shrank in the middle: what stands between their common head and tail is compared by position. */
const compareLists = (
  before: readonly Json[],
  after: readonly Json[],
  path: readonly (string | number)[],
  found: Difference[],
): void => {
  const [left, right] = [before.map(text), after.map(text)];
  const shorter = Math.min(left.length, right.length);
  let head = 0;
  while (head < shorter && left[head] === right[head]) head++;
  let tail = 0;
  while (tail < shorter - head && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail++;
  for (let i = head; i < Math.max(left.length, right.length) - tail; i++) {
    const [old, now] = [i < left.length - tail ? before[i] : undefined, i < right.length - tail ? after[i] : undefined];
    if (old !== undefined && now !== undefined) compare(old, now, [...path, i], found);
    else if (now !== undefined) found.push({ path: [...path, i], after: now });
    else if (old !== undefined) found.push({ path: [...path, i], before: old });
  }
};

const text = (value: Json): string => JSON.stringify(value);

const brief = (value: Json | undefined): string => {
  const whole = value === undefined ? "nothing" : text(value);
  return whole.length <= 80 ? whole : `${whole.slice(0, 77)}...`;
};
