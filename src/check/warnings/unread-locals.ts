import type { Diagnostic, Span } from "../../diagnostic/diagnostic.ts";
import type { Block, Name, Parameter, Statement } from "../../syntax/ast.ts";
import type { Checked } from "../checked.ts";
import { sizesIn } from "../dims.ts";
import { isLibrary } from "../modules.ts";
import { problems } from "../problems.ts";

/** Names of a block's body that nothing reads: parameters and lets (unless they begin with `_`), weights and states. */
export function unreadLocals(checked: Checked): readonly Diagnostic[] {
  const reads = readsOf(checked);
  return [...checked.files.values()]
    .filter(({ name }) => !isLibrary(name))
    .flatMap(({ declarations }) => declarations)
    .flatMap((declaration) =>
      declaration.kind === "block" || declaration.kind === "network"
        ? [...unreadParameters(declaration, reads), ...unreadStatements(declaration, reads)]
        : [],
    );
}

interface Reads {
  /** Where each parameter and statement is read. */
  readonly of: ReadonlyMap<Parameter | Statement, readonly Name[]>;
  /** Dimension variables that each body reads as ints. */
  readonly sizes: ReadonlyMap<Block, ReadonlySet<string>>;
}

function readsOf({ bindings }: Checked): Reads {
  const of = new Map<Parameter | Statement, Name[]>();
  const sizes = new Map<Block, Set<string>>();
  const add = (what: Parameter | Statement, name: Name) => {
    const known = of.get(what);
    if (known === undefined) of.set(what, [name]);
    else known.push(name);
  };
  for (const [name, binding] of bindings)
    if (binding.kind === "parameter") add(binding.parameter, name);
    else if (binding.kind === "local") add(binding.statement, name);
    else if (binding.kind === "dimension")
      sizes.set(binding.block, (sizes.get(binding.block) ?? new Set()).add(binding.name));
  return { of, sizes };
}

/** A parameter is read by its name, in a size, or where something is made of the sizes of its type. */
function unreadParameters(block: Block, reads: Reads): readonly Diagnostic[] {
  const types = [block.result, ...block.statements.flatMap(({ type }) => (type === undefined ? [] : [type]))];
  const inBody = new Set([...(reads.sizes.get(block) ?? []), ...types.flatMap(sizeNames)]);
  return block.parameters.flatMap((parameter) => {
    const { text, span } = parameter.name;
    const inOthers = block.parameters.flatMap((other) => (other === parameter ? [] : sizeNames(other.type)));
    const sized = [text, `${text}.y`, `${text}.x`].some((name) => inBody.has(name) || inOthers.includes(name));
    const sizes = sizeNames(parameter.type).some((name) => inBody.has(name));
    if (text.startsWith("_") || reads.of.has(parameter) || sized || sizes) return [];
    return problems.unused(span, `nothing in \`${block.name.text}\` reads \`${text}\``, meantSo(text));
  });
}

const sizeNames = (type: Parameter["type"]): readonly string[] =>
  sizesIn(type).map(({ name }) => name.replace(/^\.\.\./, ""));

const meantSo = (name: string) => ({
  label: "not used",
  help: `remove it, or say that it is meant so: \`_${name}\``,
});

function unreadStatements(block: Block, { of }: Reads): readonly Diagnostic[] {
  return block.statements.flatMap((statement) => {
    const { kind, name } = statement;
    // A state that only its own rule reads is carried for nothing.
    const read = (of.get(statement) ?? []).some(
      ({ span }) => statement.kind !== "state" || !within(span, statement.rule.span),
    );
    if (read || (kind === "let" && name.text.startsWith("_"))) return [];
    if (kind === "let") return problems.unused(name.span, `nothing uses \`${name.text}\``, meantSo(name.text));
    return problems.unread(name.span, `nothing reads the ${kind} \`${name.text}\``, {
      label: kind === "weight" ? "trained, and without an effect" : "carried along, and without an effect",
      help: `use it in the result of \`${block.name.text}\`, or remove it`,
    });
  });
}

const within = ({ start, end }: Span, outer: Span): boolean => start >= outer.start && end <= outer.end;
