import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { lockFile } from "../../../store/lock.ts";
import { ADDON, cacheFolder, LIBRARIES, placeOf, type TfDevice } from "../place.ts";
import { compile, findCompiler } from "./compile.ts";
import { cudaLibraries } from "./cuda.ts";
import { InstallError } from "./error.ts";
import { type Release, releaseFor } from "./release.ts";
import { addonSources, nodeHeaders } from "./sources.ts";
import { entriesOf, extract, withFile } from "./unzip.ts";
import { wheelFile } from "./wheel.ts";

export interface Progress {
  readonly message: string;
  /** Absent where the whole is not known. */
  readonly fraction?: number | undefined;
}

export interface InstallConfig {
  readonly device: TfDevice;
  /** A file of the user's instead of a download. */
  readonly wheel?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Such as `linux-x64`. */
  readonly platform: string;
  /** The folder in which npm installed the addon's package, if it did. */
  readonly modules: string;
  readonly report: (progress: Progress) => void;
  /** Whether what was built computes; the reason where not. */
  readonly check: (folder: string) => Effect.Effect<string | undefined>;
  readonly release?: Release;
  /** Bytes that the disk must have for it. */
  readonly space?: number;
}

const PLATFORMS = ["linux-x64"];
/** The wheel, what is taken out of it, and the headers while it is built. */
const SPACE = { cpu: 2.0e9, cuda: 1.2e10 } as const;

/**
 * Brings TensorFlow into the user's cache, once for all projects: the library out of Python's wheel, and the addon built against it. It appears under its
 * name whole and checked, or not at all; an interrupted download goes on. In place of what an earlier version built. The folder.
 */
export const install = Effect.fnUntraced(function* (config: InstallConfig) {
  const { device, environment, report } = config;
  const place = placeOf(device, environment);
  if (yield* isCurrent(place)) return place;
  if (!PLATFORMS.includes(config.platform)) {
    return yield* new InstallError({
      code: "MTT5302",
      message: `there is no library for ${config.platform}; there is one for ${PLATFORMS.join(", ")}`,
      help: "`--backend onnx` comes with mtt and computes here",
    });
  }
  const cache = cacheFolder(environment);
  const fs = yield* FileSystem;
  yield* onDisk(cache, () => mkdir(cache, { recursive: true }));
  yield* lockFile(
    fs,
    join(cache, `${device}.lock`),
    Effect.sync(() => report({ message: "another process installs it; waiting" })),
  ).pipe(Effect.mapError((error) => diskError(cache, error.message)));
  yield* onDisk(cache, () => comeBack(place));
  if (yield* isCurrent(place)) return place;
  yield* onDisk(cache, () => removeUnfinished(cache, device));
  yield* enoughSpace(cache, config.space ?? SPACE[device]);

  // Before a download that would be for nothing.
  const compiler = yield* findCompiler(environment);
  const release = config.release ?? releaseFor(device);
  const downloads = join(cache, "downloads");
  yield* onDisk(cache, () => mkdir(downloads, { recursive: true }));
  const wheel = yield* wheelFile(release, config, downloads);

  const folder = yield* Effect.acquireRelease(
    onDisk(cache, () => mkdtemp(join(cache, `${UNFINISHED}${device}-`))),
    (path) => Effect.promise(() => rm(path, { recursive: true, force: true })),
  );
  const build = join(folder, "build");
  report({ message: "unpacking the library" });
  yield* Effect.tryPromise({
    try: () => unpack(wheel, folder, build),
    catch: (error) => unpackError(cache, wheel, error),
  });
  if (device === "cuda") yield* cudaLibraries(wheel, config, folder);
  const binding = yield* addonSources(release, config, join(build, "binding"));
  report({ message: "building the addon" });
  const headers = { binding, node: nodeHeaders(), tensorflow: join(build, "tensorflow", "include") };
  yield* compile(compiler, headers, folder, { environment });
  report({ message: "checking that it computes" });
  const wrong = yield* config.check(folder);
  if (wrong !== undefined) {
    return yield* new InstallError({
      code: "MTT5303",
      message: `what was built does not compute: ${wrong}`,
      help: "another compiler may help: name it in CXX",
    });
  }
  yield* onDisk(cache, async () => {
    await rm(build, { recursive: true, force: true });
    const made = { tensorflow: release.version, addon: release.addon, build: BUILD, compiler, device };
    await writeFile(join(folder, MADE), `${JSON.stringify(made, null, 2)}\n`);
    await putInPlace(folder, place);
    // A file that the user gave is the user's.
    await rm(downloads, { recursive: true, force: true });
  });
  return place;
}, Effect.scoped);

const MADE = "installed.json";

/** Of the addons' own sources: an installation of another build computes, with less than this one has. */
const BUILD = 3;

const decodeMade = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Struct({ build: Schema.Number })));

/** Whether what lies there was built from these sources. */
const isCurrent = (place: string): Effect.Effect<boolean> =>
  Effect.promise(async () => {
    if (!existsSync(join(place, ADDON))) return false;
    const made = decodeMade(await readFile(join(place, MADE), "utf8").catch(() => ""));
    return Option.isSome(made) && made.value.build === BUILD;
  });

/** An earlier build gives way, and comes back where that fails. A process that loaded it keeps what it has. */
async function putInPlace(folder: string, place: string): Promise<void> {
  const earlier = `${place}${EARLIER}`;
  if (existsSync(place)) await rename(place, earlier);
  try {
    await rename(folder, place);
  } catch (error) {
    if (existsSync(earlier)) await rename(earlier, place);
    throw error;
  }
  await rm(earlier, { recursive: true, force: true });
}

/** One that was killed between its two steps. */
async function comeBack(place: string): Promise<void> {
  const earlier = `${place}${EARLIER}`;
  if (!existsSync(earlier)) return;
  if (existsSync(place)) await rm(earlier, { recursive: true, force: true });
  else await rename(earlier, place);
}

const EARLIER = ".earlier";
const UNFINISHED = ".new-";

/** What an installation that was killed has left: nobody works at it, as the lock is ours. */
async function removeUnfinished(cache: string, device: TfDevice): Promise<void> {
  for (const name of await readdir(cache))
    if (name.startsWith(`${UNFINISHED}${device}-`)) await rm(join(cache, name), { recursive: true, force: true });
}

/** The libraries into the folder, the headers to where they are needed for a while. */
async function unpack(wheel: string, folder: string, build: string): Promise<void> {
  await withFile(wheel, async (file) => {
    const entries = await entriesOf(file);
    for (const path of LIBRARIES) {
      const library = entries.find((entry) => entry.path === path);
      if (library === undefined) throw new Error(`the wheel has no ${path}`);
      await extract(file, library, folder);
    }
    for (const entry of entries)
      if (entry.path.startsWith("tensorflow/include/") && !entry.path.endsWith("/")) await extract(file, entry, build);
  });
}

const enoughSpace = Effect.fnUntraced(function* (cache: string, space: number) {
  const { bavail, bsize } = yield* onDisk(cache, () => statfs(cache));
  if (bavail * bsize >= space) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  return yield* diskError(cache, `${gigabytes(space)} are needed, and ${gigabytes(bavail * bsize)} are free`);
});

const diskError = (cache: string, why: string): InstallError =>
  new InstallError({
    code: "MTT5306",
    message: `cannot write to the cache ${cache}: ${why}`,
    help: "XDG_CACHE_HOME names another folder",
  });

/** The system's errors are about the disk, all others about the archive. */
const unpackError = (cache: string, wheel: string, error: unknown): InstallError => {
  const message = wordsOf(error);
  if (error instanceof Error && "syscall" in error) return diskError(cache, message);
  return new InstallError({
    code: "MTT5305",
    message: `${wheel} cannot be unpacked: ${message}`,
    help: "get the file again, from where it was published",
  });
};

const onDisk = <A>(cache: string, use: () => Promise<A>): Effect.Effect<A, InstallError> =>
  Effect.tryPromise({
    try: use,
    catch: (error) => diskError(cache, wordsOf(error)),
  });

/** What an error says; of the system's, `ENOSPC: no space left on device, write`, the words. */
const wordsOf = (error: unknown): string => {
  const message = error instanceof Error ? error.message : String(error);
  return /^E[A-Z]+: ([^,]+)/.exec(message)?.[1] ?? message;
};
