import type { Backend } from "../backend/backend.ts";
import type { DataConfig } from "../data/config.ts";

/** What a run computes with, and where it finds data. */
export interface Setting {
  readonly backend: Backend;
  readonly data: DataConfig;
}
