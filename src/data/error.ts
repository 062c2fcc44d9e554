import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

const DataCode = Schema.Literals([
  "MTT5501",
  "MTT5502",
  "MTT5503",
  "MTT5504",
  "MTT5505",
  "MTT5506",
  "MTT5507",
  "MTT5508",
  "MTT5509",
  "MTT5510",
  "MTT5511",
  "MTT5512",
  "MTT5513",
  "MTT5514",
  "MTT5515",
  "MTT5516",
  "MTT5517",
  "MTT5518",
  "MTT5519",
]);
export type DataCode = typeof DataCode.Type;

/** What can be wrong with data, by code: the titles of the pages that `mtt explain` prints. */
export const dataCodes = {
  MTT5501: "the data could not be found or had",
  MTT5502: "a data file is missing or unreadable",
  MTT5503: "a file is not of the format it should have",
  MTT5504: "a file ends too early",
  MTT5505: "a file holds more, or other counts, than its header says",
  MTT5506: "the parts of a data set do not have the same number of examples",
  MTT5507: "a label is out of range",
  MTT5508: "the data does not have the declared type",
  MTT5509: "the data is beyond what mtt reads into memory",
  MTT5510: "the contents are damaged",
  MTT5511: "a cell of a CSV file is not what its field needs",
  MTT5512: "a CSV file's header or rows do not fit",
  MTT5513: "sets of different sources are mixed",
  MTT5514: "views of one source disagree about a field",
  MTT5515: "a download failed",
  MTT5516: "a query asks for more than there is",
  MTT5517: "a query cannot be applied to this data",
  MTT5518: "a condition or map could not be computed",
  MTT5519: "a path leads out of the project",
} as const satisfies Record<DataCode, string>;

/** Data that cannot be had, read or queried. `offset` counts bytes from 0; what matters of `expected` and `found` stands in `message` too. */
export class DataError extends Schema.TaggedError<DataError>()("DataError", {
  code: DataCode,
  message: Schema.String,
  help: Schema.String,
  file: Schema.optionalKey(Schema.String),
  offset: Schema.optionalKey(Schema.Number),
  expected: Schema.optionalKey(Schema.String),
  found: Schema.optionalKey(Schema.String),
}) {}

export interface Problem {
  readonly message: string;
  readonly help: string;
  readonly file?: string;
  readonly offset?: number;
  readonly expected?: string;
  readonly found?: string;
}

/** Readers are plain functions of bytes that throw a `DataError` and nothing else; `attempt` brings them into Effect. */
export const refuse = (code: DataCode, problem: Problem): never => {
  throw new DataError({ code, ...problem });
};

/** Anything but a `DataError` is a fault of ours and stays a defect. */
export const attempt = <A>(read: () => A): Effect.Effect<A, DataError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(read());
    } catch (error) {
      if (error instanceof DataError) return Effect.fail(error);
      throw error;
    }
  });
