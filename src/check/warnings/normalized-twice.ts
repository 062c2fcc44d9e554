import type { Diagnostic, Span } from "../../diagnostic/diagnostic.ts";
import type { Block, Call, Expression, Name, Pipe, Statement } from "../../syntax/ast.ts";
import type { Binding, Checked } from "../checked.ts";
import { problems } from "../problems.ts";
import { isStandard } from "../scope.ts";

/** How a loss's documentation says what it does to the network's result. */
const applies = /\bapplies `(\w+)` itself/i;

/**
 * A network that ends in what its loss applies again, as its documentation says ("applies `softmax` itself"): it learns, slowly and badly, and
 * nothing else tells.
 */
export function normalizedTwice(checked: Checked): readonly Diagnostic[] {
  return [...checked.steps].flatMap(([{ step }, fields]) => {
    const [network, loss] = [fields.get("network"), fields.get("loss")];
    if ((step !== "train" && step !== "sweep") || network === undefined || loss === undefined) return [];
    const [taken, ends] = [blockOf(checked, loss), blockOf(checked, network)];
    const block = applies.exec(taken?.doc ?? "")?.[1];
    if (taken === undefined || block === undefined || ends === undefined) return [];
    const last = lastOf(checked, ends.body, new Set());
    if (last === undefined || last.text !== block) return [];
    return problems.normalizedTwice(
      last.span,
      `\`${ends.name.text}\` ends with ${block}, and \`${taken.name.text}\` applies it again`,
      {
        label: "leave this out: the loss takes the values before it",
        notes: [{ kind: "text", text: `the loss is \`${taken.name.text}\``, span: spanOf(loss) }],
        help: `remove it; \`|> ${block}\` of the network's result gives the probabilities`,
      },
    );
  });
}

const spanOf = ({ span }: Expression): Span => span;

const bindingOf = (checked: Checked, name: Name): Binding | undefined => checked.bindings.get(name);

function blockOf(checked: Checked, e: Expression): Block | undefined {
  const binding = e.kind === "name" ? bindingOf(checked, e) : undefined;
  if (binding?.kind !== "declaration") return undefined;
  const { declaration } = binding;
  return declaration.kind === "block" || declaration.kind === "network" ? declaration : undefined;
}

/** The last of the layers that a `sequence` is given. */
function lastLayer({ calls }: Checked, e: Call | Pipe): Expression | undefined {
  const list = calls.get(e)?.arguments.get("layers");
  return list?.kind === "list" ? list.items.at(-1) : undefined;
}

/** The name of the block that makes the value: the last stage, in the bodies of the user's own blocks too. */
function lastOf(checked: Checked, e: Expression, seen: Set<Block | Statement>): Name | undefined {
  switch (e.kind) {
    case "group":
      return lastOf(checked, e.inner, seen);
    case "pipe":
      return lastOf(checked, lastLayer(checked, e) ?? e.stage, seen);
    case "call":
      return lastOf(checked, lastLayer(checked, e) ?? e.callee, seen);
    case "name": {
      const binding = bindingOf(checked, e);
      const of =
        binding?.kind === "declaration"
          ? binding.declaration
          : binding?.kind === "local"
            ? binding.statement
            : undefined;
      if (of === undefined || (binding?.kind === "declaration" && isStandard(binding.file))) return e;
      if (of.kind === "let" && !seen.has(of)) return lastOf(checked, of.value, seen.add(of));
      if ((of.kind === "block" || of.kind === "network") && !seen.has(of))
        return lastOf(checked, of.body, seen.add(of));
      return undefined;
    }
    default:
      return undefined;
  }
}
