import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { storeError } from "./errors.ts";
import { type Layout, orNone } from "./layout.ts";
import { STORE_FORMAT, StoreError } from "./store.ts";

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ format: Schema.Int })));

/** Refuses a store of another format. `false`: there is no store yet. */
export const checkFormat = Effect.fnUntraced(function* (fs: FileSystem, { root, format }: Layout) {
  const text = yield* Effect.mapError(orNone(fs.readFileString(format)), storeError(root, "reading format.json"));
  if (Option.isNone(text)) return false;
  const found = decode(text.value);
  if (Option.isSome(found) && found.value.format === STORE_FORMAT) return true;
  return yield* new StoreError({
    code: "MTT5103",
    message: `the store ${root} has format ${Option.match(found, { onNone: () => "unknown", onSome: (it) => String(it.format) })}; this mtt reads format ${STORE_FORMAT}`,
    help: "use the version of mtt that made it, or another store with --store DIR",
  });
});
