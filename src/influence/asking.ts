import type { Answer, Command } from "../plan/algorithm.ts";

/** A piece of an algorithm. */
export type Asking<R> = Generator<Command, R, Answer>;

function* silent(): Asking<void> {}

/** Asks for nothing, and answers what is known. */
export function* known<R>(answer: R): Asking<R> {
  yield* silent();
  return answer;
}
