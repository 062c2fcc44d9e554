import { AlgorithmFailure, type Answer, type Command } from "../plan/algorithm.ts";
import type { Work } from "./work.ts";

/** A piece of an algorithm. */
export type Asking<R> = Generator<Command, R, Answer>;

function* silent(): Asking<void> {}

/** Asks for nothing, and answers what is known. */
export function* known<R>(answer: R): Asking<R> {
  yield* silent();
  return answer;
}

/** Says after each piece of a computation how far it is: from `from` to `to` of the whole. */
export function* telling<R>(
  work: Work<R>,
  figures: Readonly<Record<string, number>>,
  [from, to]: readonly [number, number] = [0, 1],
): Asking<R> {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    yield { do: "progress", fraction: from + (to - from) * value, figures };
  }
}

/** A stored part without what this version keeps in it: `a stored solve lacks its iterate`. */
export const lacking = (what: string): AlgorithmFailure =>
  new AlgorithmFailure(
    "MTT5205",
    what,
    "another version of mtt may have stored it: use another store with --store DIR",
  );
