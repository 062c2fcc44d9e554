import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import { Path } from "effect/Path";
import * as Schema from "effect/Schema";
import { parse as parseYaml } from "yaml";
import { nearMiss } from "../diagnostic/near-miss.ts";
import { UsageError } from "./exit.ts";

export const BACKENDS = ["auto", "onnx", "tensorflow", "reference"] as const;

const Setting = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]);

/** The project's configuration, `mtt.yaml`. Paths are relative to it. */
const Project = Schema.Struct({
  store: Schema.optionalKey(Schema.String),
  data: Schema.optionalKey(Schema.String),
  backend: Schema.optionalKey(Schema.Literals(BACKENDS)),
  device: Schema.optionalKey(Schema.String),
  params: Schema.optionalKey(Schema.Record(Schema.String, Setting)),
});
const KEYS = Object.keys(Project.fields);
const decodeProject = Schema.decodeUnknownEffect(Project);

export interface Flags {
  readonly store: Option.Option<string>;
  readonly data: Option.Option<string>;
  readonly backend: Option.Option<(typeof BACKENDS)[number]>;
  readonly device: Option.Option<string>;
  readonly set: Readonly<Record<string, string>>;
}

export interface Config {
  readonly store: string;
  readonly data: string | undefined;
  readonly backend: (typeof BACKENDS)[number];
  readonly device: string;
  /** Text by param name, typed by the checker. */
  readonly settings: ReadonlyMap<string, string>;
}

/** Flags win over MTT_* variables, over the nearest mtt.yaml above the file, over the program. */
export const loadConfig = Effect.fnUntraced(function* (file: string, flags: Flags) {
  const path = yield* Path;
  const { folder, project } = yield* nearestProject(path.resolve(path.dirname(file)));
  const environment = (name: string) => Option.fromNullishOr(process.env[`MTT_${name}`] || undefined);
  const pick = (flag: Option.Option<string>, variable: string, key: "store" | "data" | "device") =>
    flag.pipe(
      Option.orElse(() => environment(variable)),
      Option.getOrElse(() => {
        const value = project[key];
        return value === undefined || key === "device" ? value : path.resolve(folder, value);
      }),
    );
  const backend = Option.getOrElse(flags.backend, () => process.env.MTT_BACKEND || project.backend || "auto");
  if (!isBackend(backend)) {
    return yield* new UsageError({ message: `MTT_BACKEND is "${backend}"; it can be ${BACKENDS.join(", ")}` });
  }
  const config: Config = {
    store: pick(flags.store, "STORE", "store") ?? path.join(folder, ".mtt"),
    data: pick(flags.data, "DATA", "data"),
    backend,
    device: pick(flags.device, "DEVICE", "device") ?? "cpu",
    settings: new Map(
      Object.entries({ ...project.params, ...flags.set }).map(([name, value]) => [name, String(value)]),
    ),
  };
  return config;
});

const isBackend = (name: string): name is (typeof BACKENDS)[number] => BACKENDS.some((known) => known === name);

/** mtt.yaml in the folder or the nearest one above; without any, the folder itself is the project. */
const nearestProject = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem;
  const path = yield* Path;
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, "mtt.yaml");
    if (yield* Effect.orElseSucceed(fs.exists(file), () => false)) {
      const text = yield* Effect.mapError(
        fs.readFileString(file),
        () => new UsageError({ message: `${file} cannot be read` }),
      );
      return { folder: at, project: yield* readProject(file, text) };
    }
    if (path.dirname(at) === at) return { folder, project: {} satisfies typeof Project.Type as typeof Project.Type };
  }
});

const readProject = Effect.fnUntraced(function* (file: string, text: string) {
  const parsed: unknown = yield* Effect.try({
    try: () => parseYaml(text) ?? {},
    catch: (error) => new UsageError({ message: `${file}: ${error instanceof Error ? error.message : String(error)}` }),
  });
  const unknownKey =
    typeof parsed === "object" && parsed !== null ? Object.keys(parsed).find((key) => !KEYS.includes(key)) : undefined;
  if (unknownKey !== undefined) {
    const near = nearMiss(unknownKey, KEYS);
    return yield* new UsageError({
      message: `${file}: unknown key \`${unknownKey}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
      help: `the keys are ${KEYS.join(", ")}`,
    });
  }
  return yield* decodeProject(parsed).pipe(
    Effect.mapError((error) => new UsageError({ message: `${file}: ${error.message}` })),
  );
});
