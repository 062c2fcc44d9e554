import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { canonicalJson, type Json } from "../plan/json.ts";
import { hashJson } from "./hash.ts";
import { JsonValue } from "./store.ts";

const Sealed = Schema.fromJsonString(Schema.Struct({ sha256: Schema.String, result: JsonValue }));
const decode = Schema.decodeUnknownOption(Sealed);

/** The text of a record on disk: its own hash is beside it, so that a torn or altered one is found. */
export const seal = (body: Json): string => `{"sha256":"${hashJson(body)}","result":${canonicalJson(body)}}\n`;

/** What was sealed, or nothing where a byte of it is another. */
export const unseal = (text: string): Option.Option<Json> => {
  const record = decode(text);
  return Option.isSome(record) && hashJson(record.value.result) === record.value.sha256
    ? Option.some(record.value.result)
    : Option.none();
};
