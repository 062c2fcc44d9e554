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
}
