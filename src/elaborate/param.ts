import type { Checked } from "../check/checked.ts";
import type { Param } from "../syntax/ast.ts";
import type { Value } from "./value.ts";

/** The value that `--set` or the configuration gives a parameter of the entry file, in place of its expression. */
export const settingValue = (param: Param, checked: Checked): Value | undefined => {
  if (param.span.file !== checked.entry.name) return undefined;
  const setting = checked.settings.get(param.name.text);
  switch (typeof setting) {
    case "undefined":
      return undefined;
    case "number":
      return { kind: "number", value: setting };
    case "boolean":
      return { kind: "bool", value: setting };
    case "string":
      return { kind: "string", value: setting };
  }
};
