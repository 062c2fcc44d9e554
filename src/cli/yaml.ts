import * as Effect from "effect/Effect";
import * as Schema from "effect/Schema";
import { parse } from "yaml";
import { nearMiss } from "../diagnostic/near-miss.ts";
import { UsageError } from "./exit.ts";

const isMapping = Schema.is(Schema.Record(Schema.String, Schema.Unknown));

const why = (error: unknown): string =>
  error instanceof RangeError
    ? "it is nested too deeply"
    : error instanceof Error
      ? error.message.trim()
      : String(error);

/** The keys and values of a YAML file of settings, which knows these keys. */
export const yamlOf = Effect.fnUntraced(function* (file: string, text: string, keys: readonly string[]) {
  const parsed: unknown = yield* Effect.try({
    try: () => parse(text, { logLevel: "error" }) ?? {},
    catch: (error) =>
      new UsageError({
        message: `${file}: ${why(error)}`,
        help: `it is YAML with the keys ${keys.join(", ")}`,
      }),
  });
  if (!isMapping(parsed)) {
    return yield* new UsageError({
      message: `${file} should be keys and values`,
      help: `the keys are ${keys.join(", ")}`,
    });
  }
  for (const key of Object.keys(parsed)) {
    if (keys.includes(key)) continue;
    const near = nearMiss(key, keys);
    return yield* new UsageError({
      message: `${file}: unknown key \`${key}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
      help:
        key === "allow_path"
          ? "a project cannot allow itself to read elsewhere: --allow-path DIR, MTT_ALLOW_PATH and the mtt.yaml of your own settings can"
          : `the keys are ${keys.join(", ")}`,
    });
  }
  return parsed;
});
