import { createHash } from "node:crypto";
import * as Effect from "effect/Effect";
import type { File } from "effect/FileSystem";
import type { PlatformError } from "effect/PlatformError";
import type { Hash } from "./hash.ts";

const PIECE = 2 ** 20;

/** The hash of what is left to read of a file, a piece in memory at a time. */
export const hashOf = (file: File): Effect.Effect<Hash, PlatformError> =>
  Effect.gen(function* () {
    const hash = createHash("sha256");
    const piece = new Uint8Array(PIECE);
    for (;;) {
      const read = Number(yield* file.read(piece));
      if (read === 0) return hash.digest("hex");
      hash.update(piece.subarray(0, read));
    }
  });
