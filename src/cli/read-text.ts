import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import { Path } from "effect/Path";
import type { PlatformError } from "effect/PlatformError";
import { showBytes } from "../shape/tensor.ts";
import { UsageError } from "./exit.ts";

/** Bytes: what is larger is not what a person wrote. */
export const TEXT_LIMITS = { program: 2 ** 26, settings: 2 ** 20 } as const;

const why: Readonly<Record<string, string>> = {
  PermissionDenied: "permission denied",
  BadResource: "it is not a file",
};

/** The text of a program that a person named, or of `settings`: a small regular file, which never keeps a reader waiting. */
export const readText = Effect.fnUntraced(function* (name: string, kind: "program" | "settings" = "program") {
  const fs = yield* FileSystem;
  const path = yield* Path;
  const refuse = (message: string, help?: string) =>
    new UsageError({ message, ...(help === undefined ? {} : { help }) });
  if (name === "") return yield* refuse("the file's name is empty", "name a file, such as pipelines/mnist.mtt");
  const unreadable = ({ reason: { _tag } }: PlatformError) =>
    _tag === "NotFound"
      ? refuse(`there is no file ${name}`, `mtt looks in ${path.resolve(".")}`)
      : refuse(`${name} cannot be read: ${why[_tag] ?? _tag}`);
  const info = yield* Effect.mapError(fs.stat(name), unreadable);
  if (info.type === "Directory") return yield* refuse(`${name} is a folder`, "name a file in it");
  if (kind === "settings" && info.type !== "File") return yield* refuse(`${name} is no regular file`);
  const limit = TEXT_LIMITS[kind];
  if (Number(info.size) > limit) return yield* refuse(`${name} is larger than ${showBytes(limit)}`);
  const bytes = yield* Effect.mapError(fs.readFile(name), unreadable);
  const text = decode(bytes);
  return text ?? (yield* refuse(`${name} is not text`, "a program is a text file in UTF-8"));
});

/** Nothing for bytes that are no UTF-8, or that hold what no text does. A byte order mark is dropped. */
const decode = (bytes: Uint8Array): string | undefined => {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
};
