import type { Declaration, Expression, File, Step } from "../syntax/ast.ts";
import { isType, parts } from "../syntax/parts.ts";
import type { Context, Declared } from "./context.ts";
import { isNamed } from "./scope.ts";

/**
 * All declarations, each after those whose names it mentions, as far as that can be: types are found by recursion, and a chain of declarations may
 * be longer than the stack is deep. Shadowed names only make the order more careful than it need be.
 */
export function inDependencyOrder(c: Context): readonly { readonly file: File; readonly declaration: Declaration }[] {
  const ordered: { readonly file: File; readonly declaration: Declaration }[] = [];
  const seen = new Set<Declaration>();
  for (const file of c.files.values())
    for (const declaration of file.declarations) {
      const open: { readonly file: File; readonly declaration: Declaration; readonly needs: Iterator<Declared> }[] = [];
      const enter = (at: File, of: Declaration): void => {
        if (seen.has(of)) return;
        seen.add(of);
        open.push({ file: at, declaration: of, needs: mentioned(c, at, of) });
      };
      enter(file, declaration);
      for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
        const need = top.needs.next();
        if (need.done) {
          open.pop();
          ordered.push({ file: top.file, declaration: top.declaration });
        } else enter(need.value.file, need.value.declaration);
      }
    }
  return ordered;
}

/** Declarations of the file's scope whose names stand in a declaration. */
function* mentioned(c: Context, file: File, of: Declaration): Generator<Declared> {
  const names = c.names.get(file);
  for (const text of namesIn(of)) {
    const declared = names?.get(text);
    if (declared !== undefined && isNamed(declared.declaration)) yield declared;
  }
}

function* namesIn(of: Declaration): Generator<string> {
  switch (of.kind) {
    case "param":
    case "let":
      yield* namesOf(of.value);
      return;
    case "block":
    case "network":
      for (const { default: value } of of.parameters) if (value !== undefined) yield* namesOf(value);
      return;
    case "step":
      yield* namesOfStep(of);
      return;
    case "assert":
      yield* namesOf(of.condition);
  }
}

function* namesOfStep({ base, record }: Step): Generator<string> {
  if (base !== undefined) yield base.text;
  for (const { value } of record.fields) if (!isType(value)) yield* namesOf(value);
}

/** With a stack of its own: a chain of pipes or sums leans far to the left. */
function* namesOf(expression: Expression): Generator<string> {
  const open: Expression[] = [expression];
  for (let e = open.pop(); e !== undefined; e = open.pop()) {
    if (e.kind === "name") yield e.text;
    open.push(...parts(e));
  }
}
