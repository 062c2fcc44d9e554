import type { Diagnostic } from "../../diagnostic/diagnostic.ts";
import type { Checked } from "../checked.ts";
import { isLibrary } from "../modules.ts";
import { normalizedTwice } from "./normalized-twice.ts";
import { testSets } from "./test-sets.ts";
import { unreadLocals } from "./unread-locals.ts";
import { unusedNames } from "./unused-names.ts";

/** What a program without errors may have been meant otherwise. Each looks at the whole program. */
const all: readonly ((checked: Checked) => readonly Diagnostic[])[] = [
  unusedNames,
  unreadLocals,
  normalizedTwice,
  testSets,
];

/** Warnings about the user's own files. For programs without errors: in a wrong one a name may be unused because of what is wrong. */
export const warningsOf = (checked: Checked): readonly Diagnostic[] => {
  const found = all.flatMap((warn) => warn(checked)).filter(({ span }) => !isLibrary(span.file));
  // Steps that are derived from each other come to the same place.
  return [...new Map(found.map((one) => [`${one.code} ${one.span.file} ${one.span.start}`, one])).values()];
};
