import type { Declaration } from "../syntax/ast.ts";
import { type Context, type Named, report } from "./context.ts";
import { problems } from "./problems.ts";

/**
 * Declarations that need themselves: blocks (there is no end to a network that contains itself), lets and steps. Every cycle is reported once, at
 * the mention that closes it. Depth first with a stack of its own: chains of declarations may be long.
 */
export function reportCycles(c: Context): void {
  const done = new Set<Declaration>();
  const inOrder = [...c.files.values()].flatMap((file) => file.declarations);
  for (const start of inOrder) {
    if (done.has(start) || !c.uses.has(start)) continue;
    const path: { readonly of: Declaration; readonly next: Iterator<Named> }[] = [];
    const open = new Map<Declaration, number>();
    const enter = (of: Declaration): void => {
      open.set(of, path.length);
      path.push({ of, next: (c.uses.get(of) ?? new Map<Named, never>()).keys() });
    };
    enter(start);
    while (path.length > 0) {
      const { of, next } = path.at(-1)!;
      const target = next.next();
      if (target.done) {
        done.add(of);
        open.delete(of);
        path.pop();
      } else if (open.has(target.value)) {
        const through = path.slice(open.get(target.value)!).map((step) => step.of);
        reportCycle(c, through, of, target.value);
      } else if (!done.has(target.value)) enter(target.value);
    }
  }
}

function reportCycle(c: Context, through: readonly Declaration[], from: Declaration, to: Named): void {
  const span = c.uses.get(from)!.get(to)!;
  const names = [...through, to].map((of) => (of.kind === "assert" ? "assert" : of.name.text)).join(" -> ");
  const blocks = through.every(({ kind }) => kind === "block" || kind === "network");
  const own = through.length === 1;
  report(
    c,
    blocks
      ? problems.recursion(span, own ? `\`${to.name.text}\` calls itself` : `these blocks call each other: ${names}`, {
          label: "this call has no end",
          help: "there are no loops: repeat(3, layer) makes several layers one after another",
        })
      : problems.definedByItself(
          span,
          own ? `\`${to.name.text}\` is defined by itself` : `these are defined by each other: ${names}`,
          {
            label: "leads back to where it started",
            help: "write one of them without the others",
          },
        ),
  );
}
