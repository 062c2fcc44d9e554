import type { Diagnostic, Note, Span } from "../diagnostic/diagnostic.ts";

/** What elaboration cannot do for the user's program: caught where a declaration is elaborated, so that the others are still looked at. */
export class Refusal extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

interface Details {
  readonly label?: string;
  readonly help?: string;
  readonly notes?: readonly Note[];
}

const refusal =
  (code: Diagnostic["code"], usual: Details = {}) =>
  (span: Span, message: string, details: Details = {}): Refusal => {
    const { label, help, notes = [] } = { ...usual, ...details };
    return new Refusal({
      code,
      severity: "error",
      span,
      message,
      notes,
      fixes: [],
      ...(label === undefined ? {} : { label }),
      ...(help === undefined ? {} : { help }),
    });
  };

/** What a step may not ask, found while its graphs are built. One constructor for each code. */
export const refuse = {
  /** The weights would not fit into memory. */
  tooLarge: refusal("MTT4001"),
  /** Shapes that only known sizes show to be wrong: a window smaller than its kernel, a reshape that does not fit. */
  shape: refusal("MTT4002"),
  /** A state's rule sees one example: each would leave another state. */
  stateVaries: refusal("MTT4003"),
  /** Random draws where nothing is trained. */
  noKey: refusal("MTT4005"),
  /** A figure of a run where a value must be known before it. */
  notKnownYet: refusal("MTT4006", {
    label: "known only after steps ran",
    help: "figures of steps stand in `assert` and `report`; elsewhere write a number or a param",
  }),
  /** Data without a field that the network or the loss reads. */
  field: refusal("MTT4007"),
  /** A number out of its range: batch 0, epochs -1. */
  range: refusal("MTT4008"),
  /** A block that calls itself without end. */
  tooDeep: refusal("MTT4009", { label: "too deep" }),
  /** A value of another sort than the place takes. */
  value: refusal("MTT4010"),
  /** A measured quantity that does not follow small changes of the weights. */
  noDerivative: refusal("MTT4011"),
  /** A layer that the network does not have. */
  unknownLayer: refusal("MTT4012"),
  /** Examples that the model was not trained with. */
  notTrainedWith: refusal("MTT4013"),
  /** A network that sees the other examples of a batch outside of training too. */
  seesBatch: refusal("MTT4014"),
  /** A method that needs what the model, or the declared scores, do not have. */
  unfit: refusal("MTT4015"),
  /** A sweep that makes no family: of no `each`, of no values, of too many. */
  sweep: refusal("MTT4016"),
  /** A `best` by what was not measured. */
  notMeasured: refusal("MTT4017"),
  /** A metric that counts classes, of a model that tells none apart, or more than it is for. */
  classes: refusal("MTT4019"),
};
