import { builtinsNamed } from "../check/builtins.ts";
import { importedFile } from "../check/modules.ts";
import { isPrimitive, primitiveSignature } from "../check/primitives.ts";
import { isNamed, isPublic, isStandard } from "../check/scope.ts";
import { describeWant, showType } from "../check/types.ts";
import type { Want } from "../check/want.ts";
import { surface } from "../ir/surface.ts";
import type { Declaration } from "../syntax/ast.ts";
import { header } from "./hover.ts";
import type { Program } from "./workspace.ts";

/** What may be called by a name, as it is shown to who writes a call of it. */
export interface Callee {
  readonly label: string;
  readonly doc?: string | undefined;
  readonly parameters: readonly CalleeParameter[];
}

export interface CalleeParameter {
  readonly name: string;
  readonly label: string;
  readonly doc?: string | undefined;
  readonly want: Want;
  /** A pipe fills it. */
  readonly tensor: boolean;
}

/** The declaration that a name of the file stands for, or a block of the standard library. */
export function declarationNamed({ entry, compiled }: Program, name: string): Declaration | undefined {
  const { files } = compiled.checked;
  const own = entry.declarations.find((one) => isNamed(one) && one.name.text === name);
  if (own !== undefined) return own;
  for (const { names, from } of entry.imports) {
    const wanted = names.find((one) => (one.as ?? one.name).text === name);
    const target = wanted && importedFile(entry.name, from.value, files);
    const found = files
      .get(target ?? "")
      ?.declarations.find((one) => isNamed(one) && one.name.text === wanted?.name.text);
    if (found !== undefined) return found;
  }
  for (const file of files.values())
    if (isStandard(file))
      for (const one of file.declarations)
        if (one.kind === "block" && one.name.text === name && isPublic(name)) return one;
  return undefined;
}

export function calleesNamed(program: Program, name: string): readonly Callee[] {
  const found: Callee[] = [];
  const declared = declarationNamed(program, name);
  const block = declared?.kind === "let" ? undefined : declared;
  if (block !== undefined && (block.kind === "block" || block.kind === "network")) {
    const text = program.compiled.checked.files.get(block.span.file)?.text ?? "";
    found.push({
      label: header(block, ({ start, end }) => text.slice(start, end)).replace(/^(block|network)\s+/, ""),
      doc: block.doc,
      parameters: block.parameters.map(({ name: of, type, span, doc }) => ({
        name: of.text,
        label: text.slice(span.start, span.end).replace(/\s+/g, " "),
        doc,
        want: { want: "any" },
        tensor: type.kind === "type_tensor" || type.kind === "type_class" || type.kind === "type_record",
      })),
    });
  }
  if (found.length === 0 && isPrimitive(name)) {
    const signature = primitiveSignature(name);
    const known = surface.get(name)?.parameters ?? [];
    const parameters = signature.parameters.map(({ name: of, type }) => ({
      name: of,
      doc: known.find((one) => one.name === of)?.doc,
      label: `${of}: ${showType(type)}`,
      want: { want: "value", type } as const,
      tensor: type.kind === "tensor",
    }));
    found.push({
      label: `${name}(${parameters.map(({ label }) => label).join(", ")})`,
      doc: surface.get(name)?.doc,
      parameters,
    });
  }
  for (const row of builtinsNamed(name)) {
    const parameters = row.parameters.map(({ name: of, want, default: value, doc }) => ({
      name: of,
      doc,
      label: `${of}: ${describeWant(want)}${value === undefined ? "" : ` = ${value}`}`,
      want,
      tensor: want.want === "dataset" || want.want === "step",
    }));
    found.push({ label: `${name}(${parameters.map(({ label }) => label).join(", ")})`, doc: row.doc, parameters });
  }
  return found;
}
