import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { storeError } from "./errors.ts";
import type { Layout } from "./layout.ts";
import { textAt } from "./read-text.ts";
import { STORE_FORMAT, StoreError } from "./store.ts";

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ format: Schema.Int })));

/** The number of the format that the text of a store's format.json says. */
export const formatIn = (text: string): Option.Option<number> => Option.map(decode(text), ({ format }) => format);

/** Refuses a store of another format. `false`: there is no store yet. */
export const checkFormat = Effect.fnUntraced(function* (fs: FileSystem, { root, format }: Layout) {
  const text = yield* Effect.mapError(textAt(fs, format), storeError(root, "reading format.json"));
  if (Option.isNone(text)) return false;
  const found = formatIn(text.value);
  if (Option.isSome(found) && found.value === STORE_FORMAT) return true;
  return yield* new StoreError({
    code: "MTT5103",
    message: `the store ${root} has format ${Option.match(found, { onNone: () => "unknown", onSome: String })}; this mtt reads format ${STORE_FORMAT}`,
    help: "use the version of mtt that made it, or another store with --store DIR",
  });
});
