import type { Span } from "../diagnostic/diagnostic.ts";
import type { Near } from "../diagnostic/near-miss.ts";
import type { Details } from "./problems.ts";

/** The help and the fix of a name that is near to a known one; `otherwise` is said where none is near. */
export const meant = (near: Near | undefined, span: Span, otherwise?: string): Pick<Details, "help" | "fixes"> =>
  near === undefined
    ? { help: otherwise }
    : {
        help: `did you mean ${[near.word, ...(near.others ?? [])].map((word) => `\`${word}\``).join(" or ")}?`,
        fixes: near.others?.length
          ? []
          : [{ title: `change to \`${near.word}\``, safe: near.sure, edits: [{ span, text: near.word }] }],
      };
