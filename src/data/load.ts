import * as Effect from "effect/Effect";
import type { Field, Source } from "../plan/dataset.ts";
import type { DataConfig } from "./config.ts";
import { loadMnist } from "./mnist.ts";
export const loadSource = (source: Source, fields: readonly Field[], config: DataConfig) =>
  source.kind === "mnist" ? loadMnist(source.part, fields, config) : Effect.die("x");
