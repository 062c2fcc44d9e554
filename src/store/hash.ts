import { createHash } from "node:crypto";
import { canonicalJson, type Json } from "../plan/json.ts";

/** sha256 in hexadecimal. */
export type Hash = string;

export const hashBytes = (bytes: Uint8Array): Hash => createHash("sha256").update(bytes).digest("hex");

export const hashJson = (value: Json): Hash => createHash("sha256").update(canonicalJson(value)).digest("hex");
