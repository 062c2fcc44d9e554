/** An operation that an engine cannot compute. */
export class LoweringError extends Error {
  readonly help: string;
  constructor(message: string, help: string) {
    super(message);
    this.help = help;
  }
}
