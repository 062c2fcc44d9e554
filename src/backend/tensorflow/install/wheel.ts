import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import * as Effect from "effect/Effect";
import * as HttpClient from "effect/http/HttpClient";
import * as Option from "effect/Option";
import * as Schema from "effect/Schema";
import { hostConfig } from "../../../data/config.ts";
import { download } from "../../../data/download.ts";
import { DataError } from "../../../data/error.ts";
import { hashBytes } from "../../../store/hash.ts";
import { command, lastLine } from "./command.ts";
import { InstallError } from "./error.ts";
import type { InstallConfig } from "./install.ts";
import type { Release } from "./release.ts";

/** No wheel is larger. */
const LIMIT = 2 ** 30;
const PLATFORM = "manylinux_2_27_x86_64";
const PYTHON = "3.11";

const unreachable = (message: string): InstallError =>
  new InstallError({
    code: "MTT5304",
    message,
    help: "without a network, get the wheel elsewhere and give it: `mtt backend install tensorflow --wheel FILE`",
  });

const damaged = (message: string): InstallError =>
  new InstallError({ code: "MTT5305", message, help: "get the file again, from where it was published" });

/** The wheel as a file that has the contents that were released: the given one, a kept one, pip's, or the index's. */
export const wheelFile = Effect.fnUntraced(function* (release: Release, config: InstallConfig, folder: string) {
  if (config.wheel !== undefined) {
    const given = config.wheel;
    if (!existsSync(given))
      return yield* new InstallError({
        code: "MTT5304",
        message: `there is no file ${given}`,
        help: "give the path of a wheel",
      });
    return yield* verified(release, given);
  }
  const kept = yield* Effect.promise(() => readdir(folder).catch(() => []));
  for (const name of kept.filter((name) => [...release.wheels.values()].includes(name)))
    if (release.wheels.has(yield* sha256(join(folder, name)))) return join(folder, name);
  // pip begins anew where it was interrupted: of what its index says lies on a server, the download goes on.
  const link = yield* linkByPip(release, config, folder);
  if (link !== undefined) {
    const file = yield* fetched(release, config, folder, link).pipe(Effect.option);
    if (Option.isSome(file)) return file.value;
  }
  const byPip = yield* pip(release, config, folder);
  if (byPip.file !== undefined) return yield* verified(release, byPip.file);
  return yield* overHttps(release, config, folder).pipe(
    Effect.mapError((error) =>
      error.code === "MTT5304" ? unreachable([byPip.why, error.message].filter((why) => why !== "").join("\n")) : error,
    ),
  );
});

const sha256 = (file: string): Effect.Effect<string> =>
  Effect.promise(async () => {
    const hash = createHash("sha256");
    await pipeline(createReadStream(file), hash);
    return hash.digest("hex");
  });

const verified = Effect.fnUntraced(function* (release: Release, file: string) {
  const hash = yield* sha256(file);
  if (release.wheels.has(hash)) return file;
  return yield* damaged(
    `${basename(file)} is no wheel of ${release.project} ${release.version} for this platform: its sha256 is ${hash}`,
  );
});

const PIPS = [["pip3"], ["pip"], ["python3", "-m", "pip"]] as const;

/** The file that pip is asked for. */
const WANTED = ["--no-deps", "--only-binary=:all:", "--python-version", PYTHON, "--platform", PLATFORM];

const Plan = Schema.Struct({
  install: Schema.NonEmptyArray(
    Schema.Struct({
      download_info: Schema.Struct({
        url: Schema.String,
        archive_info: Schema.Struct({ hashes: Schema.Record(Schema.String, Schema.String) }),
      }),
    }),
  ),
});
const decodePlan = Schema.decodeUnknownOption(Schema.fromJsonString(Plan));

/** Where pip would get the wheel, where that is a server; nothing where there is no pip, or it is older than 22.2 and cannot say. */
const linkByPip = Effect.fnUntraced(function* (release: Release, { environment }: InstallConfig, folder: string) {
  const report = join(folder, "pip.json");
  for (const [program, ...first] of PIPS) {
    const dry = ["install", "--dry-run", "--ignore-installed", "--no-input", "--quiet", "--target", folder, ...WANTED];
    const args = [...first, ...dry, "--report", report, `${release.project}==${release.version}`];
    const { code, output } = yield* command(program, args, { environment });
    if (code === "missing" || /No module named pip/.test(output)) continue;
    if (code !== 0) return undefined;
    const text = yield* Effect.promise(() => readFile(report, "utf8").catch(() => ""));
    const { url, archive_info } = Option.getOrUndefined(decodePlan(text))?.install[0].download_info ?? {};
    if (url === undefined || !/^https?:/.test(url)) return undefined;
    return { url, sha256: archive_info?.hashes.sha256 } satisfies Link;
  }
  return undefined;
});

/** pip knows the user's index, its credentials, proxies and certificates. */
const pip = Effect.fnUntraced(function* (release: Release, config: InstallConfig, folder: string) {
  const { environment } = config;
  for (const [program, ...first] of PIPS) {
    const onLine = (line: string) => {
      const [, done, total] = /^Progress (\d+) of (\d+)$/.exec(line) ?? [];
      if (done !== undefined && Number(total) > 0)
        config.report({ message: `downloading ${release.project}`, fraction: Number(done) / Number(total) });
    };
    const wanted = [...WANTED, "--dest", folder, `${release.project}==${release.version}`];
    const run = (extra: readonly string[]) =>
      command(program, [...first, "download", "--no-input", ...extra, ...wanted], { environment, onLine });
    let { code, output } = yield* run(["--progress-bar", "raw"]);
    if (code === "missing" || /No module named pip/.test(output)) continue;
    // Older ones cannot say how far they are.
    if (code !== 0 && /progress-bar/.test(output)) ({ code, output } = yield* run(["--quiet"]));
    if (code !== 0) return { file: undefined, why: `pip: ${lastLine(output)}` };
    const names = yield* Effect.promise(() => readdir(folder));
    const file = names.find((name) => name.startsWith(`${release.project.replaceAll("-", "_")}-${release.version}-`));
    if (file !== undefined) return { file: join(folder, file), why: "" };
    return { file: undefined, why: "pip: it downloaded nothing" };
  }
  return { file: undefined, why: "there is no pip" };
});

const Listing = Schema.Struct({
  files: Schema.Array(Schema.Struct({ url: Schema.String, hashes: Schema.Record(Schema.String, Schema.String) })),
});
const decodeListing = Schema.decodeUnknownOption(Schema.fromJsonString(Listing));

/** A file of an index's page, with the sha256 that the page says. */
interface Link {
  readonly url: string;
  readonly sha256: string | undefined;
}

/** Without pip: the page of its configured index (PEP 503 and 691), then the file, by its hash. */
const overHttps = Effect.fnUntraced(function* (release: Release, config: InstallConfig, folder: string) {
  const index = yield* Effect.promise(() => indexOf(config.environment));
  if (index === undefined)
    return yield* unreachable(
      "no package index is configured: neither PIP_INDEX_URL nor pip's configuration names one",
    );
  const page = `${index.replace(/\/+$/, "")}/${release.project}/`;
  const client = (yield* HttpClient.HttpClient).pipe(HttpClient.followRedirects(5));
  const text = yield* client
    .get(page, { headers: { accept: "application/vnd.pypi.simple.v1+json, text/html;q=0.5" } })
    .pipe(
      Effect.flatMap((answer) =>
        answer.status === 200 ? answer.text : Effect.fail(new Error(`the server answered ${answer.status}`)),
      ),
      Effect.mapError((error) => unreachable(`${page}: ${reasonOf(error)}`)),
    );
  const link = linksOf(text, page).find(({ sha256 }) => sha256 !== undefined && release.wheels.has(sha256));
  if (link === undefined)
    return yield* unreachable(`${page} lists no wheel of ${release.project} ${release.version} that is known`);
  return yield* fetched(release, config, folder, link);
});

/** A wheel from a server, going on where an earlier download of it was interrupted. */
const fetched = Effect.fnUntraced(function* (release: Release, config: InstallConfig, folder: string, link: Link) {
  const name = release.wheels.get(link.sha256 ?? "");
  if (name === undefined) return yield* damaged(`${link.url} is no wheel of ${release.project} that is known`);
  const target = join(folder, name);
  const report = hostConfig(folder, (event) =>
    Effect.sync(() => {
      if (event.kind === "progress") config.report({ message: event.message, fraction: event.fraction });
    }),
  );
  yield* download(report, {
    name: release.project,
    urls: [link.url],
    target,
    limit: LIMIT,
    accept: (bytes) => {
      const hash = hashBytes(bytes);
      if (!release.wheels.has(hash))
        throw new DataError({
          code: "MTT5510",
          message: `its sha256 is ${hash}, not ${link.sha256}`,
          help: "the index serves something else under this name",
        });
    },
  }).pipe(
    Effect.mapError((error) => (/sha256/.test(error.message) ? damaged(error.message) : unreachable(error.message))),
  );
  return target;
});

const reasonOf = (error: { readonly message: string; readonly cause?: unknown }): string =>
  error.cause instanceof Error ? error.cause.message : error.message;

function linksOf(page: string, address: string): readonly Link[] {
  const listing = decodeListing(page);
  if (listing._tag === "Some")
    return listing.value.files.map(({ url, hashes }) => ({ url: new URL(url, address).href, sha256: hashes.sha256 }));
  return [...page.matchAll(/href\s*=\s*["']([^"']+)["']/gi)].map(([, href]) => {
    const url = new URL(href!.replaceAll("&amp;", "&"), address);
    const [, sha256] = /sha256=([0-9a-f]{64})/.exec(url.hash) ?? [];
    url.hash = "";
    return { url: url.href, sha256 };
  });
}

/** pip's own order: the environment, then the user's file, then the machine's. */
async function indexOf(environment: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
  if (environment.PIP_INDEX_URL) return environment.PIP_INDEX_URL;
  const home = environment.HOME || homedir();
  const files = [
    environment.PIP_CONFIG_FILE,
    join(environment.XDG_CONFIG_HOME || join(home, ".config"), "pip", "pip.conf"),
    join(home, ".pip", "pip.conf"),
    "/etc/pip.conf",
  ];
  for (const file of files) {
    if (file === undefined) continue;
    const text = await readFile(file, "utf8").catch(() => "");
    const [, url] = /^\s*index-url\s*=\s*(\S+)/m.exec(text) ?? [];
    if (url !== undefined) return url;
  }
  return undefined;
}
