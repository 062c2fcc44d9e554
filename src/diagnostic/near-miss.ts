import { synonyms } from "./synonyms.ts";

/** The word that was probably meant; `sure` where it is longer than three letters, one letter (or case) tells it from what stands there, and no other candidate is as near. */
export interface Near {
  readonly word: string;
  readonly sure: boolean;
  /** Where a part of the name is all that agrees, the other candidates of which it does. */
  readonly others?: readonly string[];
}

/**
 * The candidate that was probably meant, if any: the one at the smallest distance (insertions, deletions,
 * substitutions and swaps of neighbours: Damerau 1964, optimal string alignment), where that is at most one for words
 * of up to four letters, a third of the length for longer ones; what another library calls so, before all. Ties go to the earlier candidate. A difference of case
 * alone always counts as near.
 */
export const nearest = (word: string, candidates: Iterable<string>): Near | undefined => {
  const other = synonyms.get(word.toLowerCase());
  if (other !== undefined)
    for (const candidate of candidates) if (candidate === other) return { word: other, sure: true };
  const limit = word.length <= 2 ? 0 : word.length <= 4 ? 1 : Math.min(4, Math.floor(word.length / 3));
  const lower = word.toLowerCase();
  let best: string | undefined;
  let smallest = Number.POSITIVE_INFINITY;
  let alone = false;
  for (const candidate of candidates) {
    if (candidate === word || candidate === best) continue;
    const sameLetters = candidate.toLowerCase() === lower;
    // One as near as the best so far makes that one unsure.
    const bound = Math.min(limit, smallest);
    const cost = sameLetters
      ? 0
      : distance(lower, candidate.toLowerCase(), Math.floor(bound)) + (candidate[0] === word[0] ? 0 : 0.25);
    if (cost > smallest || (!sameLetters && cost > limit + 0.25)) continue;
    alone = cost < smallest;
    if (!alone) continue;
    best = candidate;
    smallest = cost;
  }
  if (best === undefined) return sharing(word, candidates);
  return { word: best, sure: alone && smallest <= 1.25 && word.length > 3 };
};

/** Of `cross_entropy`: `softmax_cross_entropy`. Of `learning_rate`: `rate`. Parts between underscores count, of four letters and more. */
const sharing = (word: string, candidates: Iterable<string>): Near | undefined => {
  const padded = (text: string) => `_${text.toLowerCase()}_`;
  const own = padded(word);
  const [first, ...others] = [...new Set(candidates)].filter((candidate) => {
    const [short, long] = word.length < candidate.length ? [own, padded(candidate)] : [padded(candidate), own];
    return short.length > 5 && short !== long && long.includes(short);
  });
  return first === undefined ? undefined : { word: first, sure: false, others: others.slice(0, 2) };
};

/** `nearest`, where it does not matter how sure that is. */
export const nearMiss = (word: string, candidates: Iterable<string>): string | undefined =>
  nearest(word, candidates)?.word;

/** Optimal string alignment distance; Infinity where it is above the limit. */
const distance = (a: string, b: string, limit: number): number => {
  if (limit < 0 || Math.abs(a.length - b.length) > limit || a.length > 200) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2]! + 1);
      next.push(cost);
    }
    if (Math.min(...next) > limit) return Number.POSITIVE_INFINITY;
    before = row;
    row = next;
  }
  const found = row[b.length]!;
  return found <= limit ? found : Number.POSITIVE_INFINITY;
};
