/** A computation in pieces: after each it says which share is done, so that whoever runs it may look up, tell, or stop. */
export type Work<R> = Generator<number, R, void>;

/** Runs it to its end. */
export const atOnce = <R>(work: Work<R>): R => {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
};
