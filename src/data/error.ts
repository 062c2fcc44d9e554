import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";

const DataCode = Schema.Literals([
  "MTT5201",
  "MTT5202",
  "MTT5203",
  "MTT5204",
  "MTT5205",
  "MTT5206",
  "MTT5207",
  "MTT5208",
  "MTT5209",
  "MTT5210",
  "MTT5211",
  "MTT5212",
  "MTT5213",
  "MTT5214",
  "MTT5215",
  "MTT5216",
  "MTT5217",
  "MTT5218",
]);
export type DataCode = typeof DataCode.Type;

/** What can be wrong with data, by code: the titles of the pages that `mtt explain` prints. */
export const dataCodes = {
  MTT5201: "the data could not be found or had",
  MTT5202: "a data file is missing or unreadable",
  MTT5203: "a file is not of the format it should have",
  MTT5204: "a file ends too early",
  MTT5205: "a file holds more, or other counts, than its header says",
  MTT5206: "the parts of a data set do not have the same number of examples",
  MTT5207: "a label is out of range",
  MTT5208: "the data does not have the declared type",
  MTT5209: "the data is beyond what mtt reads into memory",
  MTT5210: "the contents are damaged",
  MTT5211: "a cell of a CSV file is not what its field needs",
  MTT5212: "a CSV file's header or rows do not fit",
  MTT5213: "sets of different sources are mixed",
  MTT5214: "views of one source disagree about a field",
  MTT5215: "a download failed",
  MTT5216: "a query asks for more than there is",
  MTT5217: "a query cannot be applied to this data",
  MTT5218: "a condition or map could not be computed",
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
