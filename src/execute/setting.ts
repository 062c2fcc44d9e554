import type * as Effect from "effect/Effect";
import type { FileSystem } from "effect/FileSystem";
import type { Path } from "effect/Path";
import type { Backend } from "../backend/backend.ts";
import type { DataConfig } from "../data/config.ts";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Step } from "../plan/plan.ts";
import type { Store } from "../store/store.ts";
import type { Events } from "./events.ts";
import type { Failing } from "./failure.ts";
import type { Outcome } from "./outcome.ts";

/** What a run computes with, where it finds data, and where reports go. */
export interface Setting {
  readonly backend: Backend;
  readonly data: DataConfig;
  /** Bytes that a step may plan for; part of no key. */
  readonly memory?: number;
  /** The program's name, for people: its file's, without folder and ending. */
  readonly program: string;
  /** Folder of the reports of all programs. */
  readonly reports: string;
  /** For reports, part of no key. */
  readonly about?: About;
  /** Sees every step's outcome as it comes, while what the step read is at hand; what it does is no result of the run. */
  readonly observe?: Observe;
}

export type Observe = (
  step: Step,
  outcome: Outcome,
  inputs: readonly Outcome[],
) => Effect.Effect<void, Failing, Store | Events | FileSystem | Path>;

/** What a report says of where its figures come from. */
export interface About {
  /** The program and what it imports of the user's, by path. */
  readonly texts: ReadonlyMap<string, string>;
  /** The path in `texts` of a file that a place names. */
  readonly pathOf: (file: string) => string;
  /** What the checker warns of in these. */
  readonly warnings: readonly Diagnostic[];
  /** Params that were set from outside. */
  readonly params: Readonly<Record<string, string>>;
  /** The machine and what computes on it, by name: for people. */
  readonly environment: Readonly<Record<string, string>>;
}
