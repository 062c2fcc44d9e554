import { AlgorithmFailure, type Answer, type Command } from "../plan/algorithm.ts";

/** A piece of an algorithm. */
export type Asking<R> = Generator<Command, R, Answer>;

function* silent(): Asking<void> {}

/** Asks for nothing, and answers what is known. */
export function* known<R>(answer: R): Asking<R> {
  yield* silent();
  return answer;
}

/** A stored part without what this version keeps in it: `a stored solve lacks its iterate`. */
export const lacking = (what: string): AlgorithmFailure =>
  new AlgorithmFailure(
    "MTT5205",
    what,
    "another version of mtt may have stored it: use another store with --store DIR",
  );
