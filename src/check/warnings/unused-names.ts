import type { Diagnostic, Fix } from "../../diagnostic/diagnostic.ts";
import type { Declaration, File, Import } from "../../syntax/ast.ts";
import type { Checked } from "../checked.ts";
import { problems } from "../problems.ts";
import { isNamed } from "../scope.ts";

/**
 * Names of a file that nothing uses: imports, private names, and in a program (a file with steps or asserts) params, lets, blocks and networks.
 * The public names of other files are there for who imports them; a step is computed for its own sake.
 */
export function unusedNames(checked: Checked): readonly Diagnostic[] {
  const used = usedNames(checked);
  return [...checked.files.values()].flatMap((file) => {
    const isProgram =
      file === checked.entry && file.declarations.some(({ kind }) => kind === "step" || kind === "assert");
    const declared = file.declarations.filter(isNamed).flatMap((declaration) => {
      const { kind, name } = declaration;
      if (kind === "step" || (!isProgram && !name.text.startsWith("_")) || used.has(declaration)) return [];
      return problems.unused(name.span, `nothing uses the ${kind} \`${name.text}\``, {
        label: "not used",
        help: "remove it",
      });
    });
    return [...file.imports.flatMap((one) => unusedImports(file, one, checked)), ...declared];
  });
}

/** Declarations that something mentions besides itself. */
function usedNames({ bindings, sizes }: Checked): ReadonlySet<Declaration> {
  const used = new Set<Declaration>(sizes.values());
  for (const binding of bindings.values()) if (binding.kind === "declaration") used.add(binding.declaration);
  return used;
}

function unusedImports(file: File, { names, span }: Import, { bindings, sizes }: Checked): readonly Diagnostic[] {
  const written = new Set<string>();
  for (const [name, binding] of bindings)
    if (binding.kind === "declaration" && name.span.file === file.name) written.add(name.text);
  for (const dim of sizes.keys()) if (dim.span.file === file.name && dim.kind === "dim_name") written.add(dim.name);
  const unused = names.filter(({ name, as }) => !written.has((as ?? name).text));
  return unused.map(({ name, as }) => {
    const at = (as ?? name).span;
    return problems.unused(at, `nothing uses the import \`${(as ?? name).text}\``, {
      label: "not used in this file",
      fixes: [names.length === 1 ? remove(file, span.start, span.end) : removeItem(file, names, name.span, at.end)],
      help: "remove it from the import",
    });
  });
}

/** The item with the comma that parts it from the next one, or of the last one from the one before. */
function removeItem(file: File, names: Import["names"], { start }: { readonly start: number }, end: number): Fix {
  const at = names.findIndex(({ name }) => name.span.start === start);
  const [before, after] = [names[at - 1], names[at + 1]];
  if (after !== undefined) return remove(file, start, after.name.span.start);
  return remove(file, (before!.as ?? before!.name).span.end, end);
}

const remove = (file: File, start: number, end: number): Fix => ({
  title: "remove it",
  safe: true,
  edits: [{ span: { file: file.name, start, end }, text: "" }],
});
