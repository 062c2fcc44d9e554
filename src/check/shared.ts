import { type Bindings, type Dim, dimEquals, showDim } from "../shape/dim.ts";
import type { Site } from "./calls.ts";
import type { Signature } from "./checked.ts";
import { type Context, type Env, report } from "./context.ts";
import { sizesIn } from "./dims.ts";
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
    block.statements
      .flatMap((s) => (s.kind === "let" ? [] : sizesIn(s.type)))
      .flatMap(({ name: variable }) => {
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
