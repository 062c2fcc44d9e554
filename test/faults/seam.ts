import { appendFileSync } from "node:fs";
import * as Effect from "effect/Effect";
import { type File, FileSystem } from "effect/FileSystem";
import * as Layer from "effect/Layer";
import { type PlatformError, systemError } from "effect/PlatformError";

/** A disk that refuses every change of the store from the `from`th on, as one does that is full or read-only. */
export interface Refusal {
  readonly refuses: "ENOSPC" | "EROFS";
  readonly from: number;
}

/** Where a process is killed: at its `at`th operation of a kind on the store, before it, in the middle of its bytes, or after it. */
export interface Fault {
  readonly operation: "write" | "sync" | "rename" | "remove" | "any";
  readonly at: number;
  readonly when: "before" | "middle" | "after";
  /** How it ends: as `kill -9` does, or as a crash in native code. */
  readonly signal?: "SIGSEGV" | "SIGABRT";
}

/** `write objects` of `…/tmp/123-45-6`: what was done, and to what. */
export interface Point {
  readonly point: string;
  readonly path: string;
}

const refused = (code: Refusal["refuses"]): PlatformError =>
  systemError({
    _tag: code === "EROFS" ? "PermissionDenied" : "Unknown",
    module: "FileSystem",
    method: "write",
    cause: Object.assign(new Error(code), { code }),
  });

/** Every change of the store passes here; the process that comes to the fault writes the point to `log` and kills itself as `kill -9` does. */
export const faulty = (
  store: string,
  fault: Fault | Refusal | undefined,
  log: string,
): Layer.Layer<FileSystem, never, FileSystem> =>
  Layer.effect(
    FileSystem,
    Effect.map(FileSystem, (real) => {
      const signal = (fault !== undefined && "signal" in fault ? fault.signal : undefined) ?? "SIGKILL";
      const counts = new Map<string, number>();
      const next = (operation: string): number => {
        const count = (counts.get(operation) ?? 0) + 1;
        counts.set(operation, count);
        return count;
      };
      const die = (operation: string, when: string, path: string) =>
        Effect.suspend(() => {
          const point: Point = { point: `${when} ${operation}`, path };
          appendFileSync(log, `${JSON.stringify(point)}\n`);
          process.kill(process.pid, signal);
          return Effect.never;
        });
      const around = <A, R>(
        operation: Exclude<Fault["operation"], "any"> | "other",
        path: string,
        effect: Effect.Effect<A, PlatformError, R>,
        half?: Effect.Effect<unknown, PlatformError, R>,
      ): Effect.Effect<A, PlatformError, R> => {
        if (fault === undefined || !path.startsWith(store)) return effect;
        return Effect.suspend(() => {
          const own = next(operation);
          const all = next("any");
          if ("refuses" in fault) return all < fault.from ? effect : Effect.fail(refused(fault.refuses));
          const here = fault.operation === "any" ? all === fault.at : fault.operation === operation && own === fault.at;
          if (!here) return effect;
          if (fault.when === "before") return die(operation, "before", path);
          if (fault.when === "middle" && half !== undefined)
            return Effect.andThen(half, die(operation, "middle of", path));
          return Effect.andThen(effect, die(operation, "after", path));
        });
      };
      const file = (path: string, opened: File): File =>
        // Most of it lies on the prototype of the one that was opened.
        Object.create(opened, {
          writeAll: {
            value: (bytes: Uint8Array) =>
              around("write", path, opened.writeAll(bytes), opened.writeAll(bytes.subarray(0, bytes.length >> 1))),
          },
          sync: { value: around("sync", path, opened.sync) },
        });
      return FileSystem.of({
        ...real,
        open: (path, options) => Effect.map(real.open(path, options), (opened) => file(path, opened)),
        rename: (from, to) => around("rename", to, real.rename(from, to)),
        remove: (path, options) => around("remove", path, real.remove(path, options)),
        makeDirectory: (path, options) => around("other", path, real.makeDirectory(path, options)),
        writeFileString: (path, text, options) =>
          around(
            "write",
            path,
            real.writeFileString(path, text, options),
            real.writeFileString(path, text.slice(0, text.length >> 1), options),
          ),
      });
    }),
  );
