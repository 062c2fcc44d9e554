import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { NodeFileSystem } from "@effect/platform-node";
import { Effect } from "effect";
import { FileSystem } from "effect/FileSystem";
import { afterAll, describe, expect, it } from "vitest";
import { makeFolder } from "../../src/store/make-folder.ts";

const home = mkdtempSync(join(tmpdir(), "mtt-folder-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** The real file system, but that another process makes `theirs` after our `turn`th attempt to make anything. */
const withAnother = (theirs: string, turn: number, make: (fs: FileSystem) => Effect.Effect<void, unknown>) =>
  Effect.gen(function* () {
    const fs = yield* FileSystem;
    let calls = 0;
    yield* make({
      ...fs,
      makeDirectory: (path, options) =>
        fs.makeDirectory(path, options).pipe(
          Effect.ensuring(
            Effect.sync(() => {
              if (++calls === turn) mkdirSync(theirs, { recursive: true });
            }),
          ),
        ),
    });
  }).pipe(Effect.provide(NodeFileSystem.layer), Effect.runPromise);

describe("a folder", () => {
  it.each([1, 2, 3, 4])(
    "is made however another process makes the same ones at once (after attempt %i)",
    async (turn) => {
      const folder = join(home, `race-${turn}`, "store", "objects");
      for (const theirs of [dirname(folder), folder]) {
        await withAnother(theirs, turn, (fs) => makeFolder(fs, folder));
        expect(existsSync(folder)).toBe(true);
        rmSync(join(home, `race-${turn}`), { recursive: true });
      }
    },
  );

  it("that the system takes no new ones in is refused at once", async () => {
    const made = Effect.gen(function* () {
      yield* makeFolder(yield* FileSystem, "/proc/mtt/objects");
    }).pipe(Effect.provide(NodeFileSystem.layer));
    await expect(Effect.runPromise(made)).rejects.toThrow();
  });
});
