import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { command, lastLine } from "./command.ts";
import { InstallError } from "./error.ts";
import type { InstallConfig } from "./install.ts";
import { entriesOf, extract, withFile } from "./unzip.ts";

/** What the wheel asks for of CUDA: `nvidia-cublas-cu12<13.0,>=12.5`. */
export const cudaRequirements = (metadata: string): readonly string[] =>
  [...metadata.matchAll(/^Requires-Dist: (nvidia-[^;]+?)\s*; extra == ["']and-cuda["']/gm)].map(
    ([, wanted]) => wanted!,
  );

/** CUDA's libraries beside TensorFlow's, where it looks for them. pip chooses the versions and checks their hashes. */
export const cudaLibraries = Effect.fnUntraced(function* (wheel: string, config: InstallConfig, folder: string) {
  const { environment, report } = config;
  const metadata = yield* Effect.promise(() =>
    withFile(wheel, async (file) => {
      const entry = (await entriesOf(file)).find(({ path }) => path.endsWith(".dist-info/METADATA"));
      if (entry === undefined) return "";
      await extract(file, entry, join(folder, "build"));
      return readFile(join(folder, "build", entry.path), "utf8");
    }),
  );
  const wheels = join(folder, "build", "cuda");
  yield* Effect.promise(() => mkdir(wheels, { recursive: true }));
  for (const wanted of cudaRequirements(metadata)) {
    report({ message: `downloading ${wanted.replace(/[<>=!~ ].*/, "")}` });
    const args = [
      "-m",
      "pip",
      "download",
      "--quiet",
      "--no-input",
      "--no-deps",
      "--only-binary=:all:",
      "--dest",
      wheels,
    ];
    const { code, output } = yield* command("python3", [...args, wanted], { environment });
    if (code !== 0) {
      return yield* new InstallError({
        code: "MTT5304",
        message: `pip could not get ${wanted}: ${code === "missing" ? "there is no python3" : lastLine(output)}`,
        help: "CUDA's libraries come by pip; without --cuda, TensorFlow computes on the processor",
      });
    }
    yield* Effect.promise(async () => {
      for (const name of await readdir(wheels)) {
        await withFile(join(wheels, name), async (file) => {
          for (const entry of await entriesOf(file))
            if (/^nvidia\/.*\.so(\.|$)/.test(entry.path)) await extract(file, entry, folder);
        });
        await rm(join(wheels, name));
      }
    });
  }
});
