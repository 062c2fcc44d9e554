import type { Backend } from "../backend/backend.ts";
import type { DataConfig } from "../data/config.ts";

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
}

/** What a report says of where its figures come from. */
export interface About {
  /** The program and what it imports of the user's, by path. */
  readonly texts: ReadonlyMap<string, string>;
  /** Params that were set from outside. */
  readonly params: Readonly<Record<string, string>>;
  /** The machine and what computes on it, by name: for people. */
  readonly environment: Readonly<Record<string, string>>;
}
