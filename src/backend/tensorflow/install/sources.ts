import { existsSync } from "node:fs";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import * as Effect from "effect/Effect";
import { tarEntries } from "../../../data/tar.ts";
import { command, lastLine } from "./command.ts";
import { InstallError } from "./error.ts";
import type { InstallConfig } from "./install.ts";
import type { Release } from "./release.ts";

const require = createRequire(import.meta.url);

/** Node's headers, which come along as a package. */
export const nodeHeaders = (): string => join(dirname(require.resolve("node-api-headers/package.json")), "include");

/** The addon's sources in `folder`: from the installed package, or, where npm left it out, from the package as npm gets it. Nothing of it is run. */
export const addonSources = Effect.fnUntraced(function* ({ addon }: Release, config: InstallConfig, folder: string) {
  yield* Effect.promise(() => mkdir(folder, { recursive: true }));
  const installed = join(config.modules, addon.name);
  if (existsSync(join(installed, "binding"))) {
    const own: unknown = JSON.parse(yield* Effect.promise(() => readFile(join(installed, "package.json"), "utf8")));
    if (isPackage(own) && own.version === addon.version) {
      yield* Effect.promise(() => cp(join(installed, "binding"), folder, { recursive: true }));
      return folder;
    }
  }
  config.report({ message: `getting ${addon.name}` });
  const wanted = `${addon.name}@${addon.version}`;
  const args = ["pack", wanted, "--silent", "--pack-destination", folder];
  const { code, output } = yield* command("npm", args, { environment: config.environment, cwd: folder });
  const archive = join(folder, lastLine(output));
  if (code !== 0 || !existsSync(archive)) {
    return yield* new InstallError({
      code: "MTT5304",
      message: `npm could not get ${wanted}: ${code === "missing" ? "there is no npm" : lastLine(output)}`,
      help: `\`npm install --no-save --ignore-scripts ${wanted}\` in the project brings it too`,
    });
  }
  yield* Effect.promise(async () => {
    const tar = gunzipSync(await readFile(archive));
    for (const { path, bytes } of tarEntries(tar, archive))
      if (path.startsWith("package/binding/")) await writeFile(join(folder, basename(path)), bytes);
    await rm(archive);
  });
  return folder;
});

const isPackage = (value: unknown): value is { readonly version: string } =>
  typeof value === "object" && value !== null && "version" in value && typeof value.version === "string";
