import { hostname } from "node:os";
import * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import type { PlatformError } from "effect/PlatformError";
import * as Schema from "effect/Schema";
import type { Scope } from "effect/Scope";
import { textAt } from "./read-text.ts";

const Owner = Schema.Struct({ pid: Schema.Int, host: Schema.String, started: Schema.String, beat: Schema.Int });
type Owner = typeof Owner.Type;
const decodeOwner = Schema.decodeUnknownOption(Schema.fromJsonString(Owner));

const BEAT = "2 seconds";
const POLL_MS = 100;
/** A lock whose beat has stood still for so long is dead, whatever any clock says. */
const SILENCE_MS = 30_000;

/** Whether a process of this machine goes on. */
export const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
};

/**
 * An exclusive lock file, freed when the scope ends. It holds pid, host and a beat that its owner raises; a lock is taken over when its process is gone
 * or its beat stands still. Losing a lock to that is harmless: objects are content-addressed and writes atomic, so two owners only work twice.
 */
export const lockFile = (
  fs: FileSystem,
  path: string,
  onWait: Effect.Effect<void>,
): Effect.Effect<void, PlatformError, Scope> =>
  Effect.gen(function* () {
    const started = `${process.pid}-${process.hrtime.bigint()}`;
    const owner = (beat: number): string =>
      JSON.stringify({ pid: process.pid, host: hostname(), started, beat } satisfies Owner);
    const create = fs.writeFileString(path, owner(0), { flag: "wx" }).pipe(
      Effect.as(true),
      Effect.catchIf(
        (error) => error.reason._tag === "AlreadyExists",
        () => Effect.succeed(false),
      ),
    );
    const look = Effect.map(
      textAt(fs, path),
      Option.match({ onNone: () => undefined, onSome: (text) => ({ text, owner: decodeOwner(text) }) }),
    );

    const acquire = Effect.gen(function* () {
      let told = false;
      let seen = "";
      let silentFor = 0;
      while (!(yield* create)) {
        const found = yield* look;
        if (found === undefined) continue;
        silentFor = found.text === seen ? silentFor + POLL_MS : 0;
        seen = found.text;
        const dead = Option.match(found.owner, {
          // Half a lock file: its writer died, or is writing just now.
          onNone: () => silentFor > 1_000,
          onSome: (by) => silentFor > SILENCE_MS || (by.host === hostname() && !alive(by.pid)),
        });
        if (dead) {
          yield* fs.remove(path, { force: true });
          continue;
        }
        if (!told) yield* onWait;
        told = true;
        yield* Effect.sleep(POLL_MS);
      }
    });

    const mine = look.pipe(
      Effect.map((found) => found !== undefined && Option.exists(found.owner, (by) => by.started === started)),
    );
    const release = Effect.gen(function* () {
      if (yield* mine) yield* fs.remove(path, { force: true });
    }).pipe(Effect.ignore);

    yield* Effect.acquireRelease(acquire, () => release, { interruptible: true });

    let beat = 0;
    yield* Effect.sleep(BEAT).pipe(
      Effect.andThen(Effect.suspend(() => fs.writeFileString(path, owner(++beat)))),
      Effect.ignore,
      Effect.forever,
      Effect.forkScoped,
    );
  });
