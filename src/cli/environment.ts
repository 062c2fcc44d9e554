import { availableParallelism, cpus, totalmem } from "node:os";
import packageJson from "../../package.json" with { type: "json" };
import type { Backend } from "../backend/backend.ts";

/** What computes, and on which machine, by name; nothing that says whose it is. */
export const environmentOf = ({ identity }: Pick<Backend, "identity">): Readonly<Record<string, string>> => ({
  mtt: packageJson.version,
  engine: identity,
  node: process.versions.node,
  system: `${process.platform} ${process.arch}`,
  processor: `${cpus()[0]?.model.trim() || "unknown"}, ${availableParallelism()} threads`,
  memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
});
