import { nearMiss } from "../diagnostic/near-miss.ts";
import type { File, Param } from "../syntax/ast.ts";
import type { Setting, Type } from "./checked.ts";
import { type Context, report } from "./context.ts";
import { problems } from "./problems.ts";
import { describeType } from "./types.ts";

/** Reports values set from outside for which the entry has no param. They have no place in the text: the file's begin stands for it. */
export function checkSettingNames(c: Context, entry: File, texts: ReadonlyMap<string, string>): void {
  const params = entry.declarations.flatMap((d) => (d.kind === "param" ? [d.name.text] : []));
  for (const name of texts.keys()) {
    if (params.includes(name)) continue;
    const near = nearMiss(name, params);
    const known = params.length === 0 ? "it has no params" : `its params are ${params.join(", ")}`;
    report(
      c,
      problems.unknownSetting(
        { file: entry.name, start: 0, end: 0 },
        `--set ${name}: the program has no param \`${name}\``,
        { help: near === undefined ? known : `did you mean \`${near}\`?` },
      ),
    );
  }
}

/** The type, with its value, that a param has by what was set from outside; undefined where nothing was. */
export function settingType(c: Context, param: Param, type: Type): Type | undefined {
  if (!c.entry.declarations.includes(param)) return undefined;
  const text = c.settingTexts.get(param.name.text);
  if (text === undefined) return undefined;
  const value = parseSetting(text, type);
  if (value === undefined) {
    report(
      c,
      problems.setting(
        param.name.span,
        `--set ${param.name.text}=${text}: the param is ${describeType(type)}, and this is none`,
        {
          label: `${describeType(type)} expected`,
          help: `give it as one: --set ${param.name.text}=${example[type.kind] ?? "…"}`,
        },
      ),
    );
    return undefined;
  }
  c.settings.set(param.name.text, value);
  switch (type.kind) {
    case "int":
    case "float":
      return typeof value === "number" ? { kind: type.kind, value } : type;
    case "bool":
      return typeof value === "boolean" ? { kind: "bool", value } : type;
    case "string":
      return typeof value === "string" ? { kind: "string", value } : type;
    default:
      return type;
  }
}

/** What a setting of a type looks like. */
const example: { readonly [kind: string]: string } = {
  int: "10",
  float: "1e-3",
  bool: "true",
  size: "3x3",
  padding: "same",
};

/** The text as a value of the param's type; undefined where it is none. */
export function parseSetting(text: string, type: Type): Setting | undefined {
  switch (type.kind) {
    case "int":
      return /^[+-]?\d+$/.test(text.trim()) ? Number(text) : undefined;
    case "float":
      return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text.trim()) ? Number(text) : undefined;
    case "bool":
      return text === "true" ? true : text === "false" ? false : undefined;
    case "size":
      return /^\d+x\d+$/.test(text) ? text : undefined;
    case "padding":
      return text === "same" || text === "valid" ? text : undefined;
    case "string":
      return text;
    default:
      return undefined;
  }
}
