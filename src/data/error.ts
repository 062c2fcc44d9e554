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
