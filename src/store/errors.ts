import type { PlatformError } from "effect/PlatformError";
import { StoreError } from "./store.ts";

/** The operating system's code (`ENOSPC`), where the failure carries one. */
const systemCode = (error: PlatformError): string => {
  const { cause } = error.reason;
  return typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string"
    ? cause.code
    : error.reason._tag;
};

/** What the codes of systems mean, for who never met them. */
const words: Readonly<Record<string, string>> = {
  EROFS: "its disk can only be read",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOTDIR: "a file stands where a folder is needed",
  EIO: "the disk failed",
  EMFILE: "too many files are open",
};

/** What a failed disk operation on the store means to a person. */
export const storeError =
  (root: string, doing: string) =>
  (error: PlatformError): StoreError => {
    const code = systemCode(error);
    if (code === "ENOSPC" || code === "EDQUOT") {
      return new StoreError({
        code: "MTT5102",
        message: `the disk of the store ${root} is full (${doing})`,
        help: "free some space, or put the store elsewhere with --store DIR; what is stored already is whole and will be used",
      });
    }
    return new StoreError({
      code: "MTT5101",
      message: `the store ${root} cannot be ${doing.startsWith("reading") ? "read" : "written"} (${doing}: ${code in words ? `${words[code]}, ${code}` : code})`,
      help: "check that the folder exists on a writable disk and is yours, or choose another with --store DIR",
    });
  };
