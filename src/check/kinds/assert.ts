import type { Assert, File } from "../../syntax/ast.ts";
import { tailSpan } from "../blocks.ts";
import { type Context, fileEnv, report } from "../context.ts";
import { check, infer } from "../expressions.ts";
import { problems } from "../problems.ts";
import { describeType } from "../types.ts";

/** A condition over figures, and what to say when it fails. */
export function checkAssert(c: Context, assert: Assert, file: File): void {
  const env = fileEnv(file, assert);
  const type = infer(c, env, assert.condition);
  if (type.kind !== "bool" && type.kind !== "error")
    report(
      c,
      problems.wrongType(tailSpan(assert.condition), `an assert holds or fails, and this is ${describeType(type)}`, {
        label: "a condition expected here",
        help: "compare it: `accuracy_on_test.accuracy >= 0.97`",
      }),
    );
  if (assert.message !== undefined)
    check(c, env, assert.message, { want: "string" }, { what: "the message of an assert" });
}
