import { inspect } from "node:util";
import * as Effect from "effect/Effect";
import { FileSystem } from "effect/FileSystem";
import * as Option from "effect/Option";
import { Path } from "effect/Path";
import * as Schema from "effect/Schema";
import { BACKENDS } from "../backend/backend.ts";
import type { Reach } from "../data/reach.ts";
import { nearMiss } from "../diagnostic/near-miss.ts";
import { reachOf } from "./allowed.ts";
import { UsageError } from "./exit.ts";
import { bytesOf } from "./quantities.ts";
import { readText } from "./read-text.ts";
import { yamlOf } from "./yaml.ts";

export const BACKEND_NAMES = ["auto", ...BACKENDS] as const;
export const DEVICES = ["cpu", "webgpu", "cuda"] as const;
type BackendName = (typeof BACKEND_NAMES)[number];

export interface Flags {
  readonly store: Option.Option<string>;
  readonly data: Option.Option<string>;
  readonly backend: Option.Option<BackendName>;
  readonly device: Option.Option<(typeof DEVICES)[number]>;
  readonly memory: Option.Option<string>;
  readonly allowPath: readonly string[];
  readonly set: Readonly<Record<string, string>>;
}

export interface Config {
  /** An absolute path. */
  readonly store: string;
  readonly data: string | undefined;
  readonly backend: BackendName;
  readonly device: string;
  /** Bytes that influence, evaluation and prediction may take; results do not depend on it beyond rounding. */
  readonly memory: number | undefined;
  /** Text by param name, typed by the checker. */
  readonly settings: ReadonlyMap<string, string>;
  /** What the program's paths may lead to. */
  readonly reach: Reach;
}

/** A place that says a value, for messages: `--store`, `MTT_STORE`, `mtt.yaml: store`. */
interface Said {
  readonly where: string;
  readonly value: string;
  /** By the project, not by who runs it. */
  readonly project?: boolean;
}

const NO_FLAGS: Flags = {
  store: Option.none(),
  data: Option.none(),
  backend: Option.none(),
  device: Option.none(),
  memory: Option.none(),
  allowPath: [],
  set: {},
};

/** Flags win over MTT_* variables, over the nearest mtt.yaml above the file, over the program. */
export const loadConfig = Effect.fnUntraced(function* (file: string, given: Partial<Flags>) {
  const flags: Flags = { ...NO_FLAGS, ...given };
  const path = yield* Path;
  const { folder, name, project } = yield* nearestProject(path.resolve(path.dirname(file)));

  /** `base`: where a relative path of the project file starts. */
  const said = (key: "store" | "data" | "backend" | "device" | "memory", base?: string): Said | undefined => {
    const flag = Option.getOrUndefined<string>(flags[key]);
    if (flag !== undefined) return { where: `--${key}`, value: flag };
    const variable = `MTT_${key.toUpperCase()}`;
    const given = process.env[variable];
    // An empty variable is one that is not set.
    if (given) return { where: variable, value: given };
    const value = project[key];
    if (value === undefined) return undefined;
    const resolved = base === undefined || value === "" ? value : path.resolve(base, value);
    return { where: `${name}: ${key}`, value: resolved, project: true };
  };
  const folderOf = (place: Said | undefined): Effect.Effect<string | undefined, UsageError> =>
    place?.value === ""
      ? Effect.fail(new UsageError({ message: `${place.where} is empty`, help: "name a folder" }))
      : Effect.succeed(place === undefined ? undefined : path.resolve(place.value));

  const data = said("data", folder);
  const config: Config = {
    store: (yield* folderOf(said("store", folder))) ?? path.join(folder, ".mtt"),
    data: yield* folderOf(data),
    backend: yield* oneOf(BACKEND_NAMES, said("backend"), "auto"),
    device: yield* oneOf(DEVICES, said("device"), "cpu"),
    memory: yield* Option.match(Option.fromUndefinedOr(said("memory")), {
      onNone: () => Effect.succeed(undefined),
      onSome: ({ where, value }) => bytesOf(where, value),
    }),
    settings: new Map(
      Object.entries({ ...project.params, ...flags.set }).map(([param, value]) => [param, String(value)]),
    ),
    reach: yield* reachOf(file, flags.allowPath, data === undefined || data.project ? undefined : data.value),
  };
  return config;
});

const oneOf = <A extends string>(
  allowed: readonly A[],
  place: Said | undefined,
  otherwise: A,
): Effect.Effect<A, UsageError> => {
  if (place === undefined) return Effect.succeed(otherwise);
  const { where, value } = place;
  const found = allowed.find((one) => one === value);
  return found === undefined
    ? Effect.fail(
        new UsageError({
          message: `${where}: \`${value}\`${meant(value, allowed)}`,
          help: `it can be ${allowed.join(", ")}`,
        }),
      )
    : Effect.succeed(found);
};

const meant = (value: string, allowed: readonly string[]): string => {
  const near = nearMiss(value, allowed);
  return near === undefined ? " is not known" : ` is not known; did you mean \`${near}\`?`;
};

const Setting = Schema.Union([Schema.String, Schema.Finite, Schema.Boolean]);

/** What the project's file, `mtt.yaml`, may say. Its paths are relative to it. */
const shapes = {
  store: { schema: Schema.String, expected: "a folder" },
  data: { schema: Schema.String, expected: "a folder" },
  backend: { schema: Schema.String, expected: "the name of a backend" },
  device: { schema: Schema.String, expected: "the name of a device" },
  memory: { schema: Schema.String, expected: "an amount of memory, `512MiB`," },
  params: { schema: Schema.Record(Schema.String, Setting), expected: "params and their values, `epochs: 3`" },
} as const;

const optional = Schema.optionalKey;
const Project = Schema.Struct({
  store: optional(shapes.store.schema),
  data: optional(shapes.data.schema),
  backend: optional(shapes.backend.schema),
  device: optional(shapes.device.schema),
  memory: optional(shapes.memory.schema),
  params: optional(shapes.params.schema),
});
type Project = typeof Project.Type;
const decodeProject = Schema.decodeUnknownEffect(Project);
const isKey = (key: string): key is keyof typeof shapes => Object.hasOwn(shapes, key);

const NAME = "mtt.yaml";

/** mtt.yaml in the folder or the nearest one above; without any, the folder itself is the project. */
const nearestProject = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem;
  const path = yield* Path;
  for (let at = folder; ; at = path.dirname(at)) {
    const file = path.join(at, NAME);
    if (yield* Effect.orElseSucceed(fs.exists(file), () => false)) {
      const text = yield* readText(file, "settings");
      return { folder: at, name: file, project: yield* readProject(file, text) };
    }
    if (path.dirname(at) === at) return { folder, name: NAME, project: empty };
  }
});
const empty: Project = {};

const readProject = Effect.fnUntraced(function* (file: string, text: string) {
  const parsed = yield* yamlOf(file, text, Object.keys(shapes));
  for (const [key, value] of Object.entries(parsed)) {
    if (isKey(key) && !Schema.is(shapes[key].schema)(value)) {
      return yield* new UsageError({
        message: `${file}: \`${key}\` is ${inspect(value, { breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80 })}`,
        help: `${shapes[key].expected} is expected there`,
      });
    }
  }
  return yield* Effect.mapError(
    decodeProject(parsed),
    ({ message }) => new UsageError({ message: `${file}: ${message}` }),
  );
});
