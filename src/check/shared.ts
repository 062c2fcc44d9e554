import { type Bindings, type Dim, dimEquals, showDim } from "../shape/dim.ts";
import type { DimExpression, TypeExpression } from "../syntax/ast.ts";
import type { Site } from "./calls.ts";
import type { Signature } from "./checked.ts";
import { type Context, type Env, report } from "./context.ts";
import { problems } from "./problems.ts";

/**
 * A layer value is one instance: all its uses in a network share its weights, so what sizes them must be the same at each. The first use
 * decides; another that disagrees is reported.
 */
export function checkShared(
  c: Context,
  env: Env,
  { block, given, name }: Signature,
  bindings: Bindings,
  site: Site,
): void {
  const binding = site.callee === undefined ? undefined : c.bindings.get(site.callee);
  const isLet =
    (binding?.kind === "declaration" && binding.declaration.kind === "let") ||
    (binding?.kind === "local" && binding.statement.kind === "let");
  if (!isLet || block === undefined || given === undefined || env.owner === undefined || c !== c.root) return;
  const layer = binding.kind === "local" ? binding.statement : binding.declaration;
  const uses = c.shared.get(layer) ?? new Map<unknown, ReadonlyMap<string, Dim>>();
  c.shared.set(layer, uses);
  const sizes = new Map(
    [...weightVariables(block.statements.flatMap((s) => (s.kind === "let" ? [] : [s.type])))].flatMap((variable) => {
      const size = bindings.dims.get(variable);
      return size === undefined ? [] : [[variable, size] as const];
    }),
  );
  const first = uses.get(env.owner);
  if (first === undefined) {
    uses.set(env.owner, sizes);
    return;
  }
  const differ = [...sizes].filter(([variable, size]) => !dimEquals(size, first.get(variable) ?? size));
  if (differ.length === 0) return;
  report(
    c,
    problems.shape(site.span, `\`${site.callee?.text}\` is one layer, and its weights cannot have two shapes`, {
      label: differ.map(([v, size]) => `${v} is ${showDim(size)} here, and was ${showDim(first.get(v)!)}`).join(", "),
      help: `each \`let\` of a layer is one instance: write ${name}(…) where another is meant`,
    }),
  );
}

/** Names of the sizes that the types of weights are made of. */
function weightVariables(types: readonly TypeExpression[]): ReadonlySet<string> {
  const names = new Set<string>();
  const open: DimExpression[] = types.flatMap((type) => (type.kind === "type_tensor" ? type.dims : []));
  for (let dim = open.pop(); dim !== undefined; dim = open.pop())
    switch (dim.kind) {
      case "dim_name":
        names.add(dim.name);
        break;
      case "dim_field":
        names.add(`${dim.parameter}.${dim.field}`);
        break;
      case "dim_binary":
        open.push(dim.left, dim.right);
        break;
      case "dim_call":
        open.push(...dim.arguments);
        break;
      case "dim_int":
      case "dim_spread":
      case "dim_missing":
        break;
    }
  return names;
}
