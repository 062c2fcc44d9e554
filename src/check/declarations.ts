import type { Span } from "../diagnostic/diagnostic.ts";
import { signatureOf } from "./blocks.ts";
import type { Type } from "./checked.ts";
import { attempt, type Context, type Declared, type Env, fileEnv, type Named } from "./context.ts";
import { typeOfExpression } from "./dims.ts";
import { check, infer } from "./expressions.ts";
import { settingType } from "./settings.ts";
import { errorType } from "./types.ts";

/** The type of a declaration, found once. One that is asked for while it is being found depends on itself: reported from the graph of uses. */
export function typeOf(c: Context, declared: Declared): Type {
  const { declaration, file } = declared;
  const known = c.declared.get(declaration);
  if (known === "open") return errorType;
  if (known !== undefined) return known;
  c.declared.set(declaration, "open");
  const type = find(c.root, declared, fileEnv(file, declaration));
  c.declared.set(declaration, type);
  return type;
}

function find(c: Context, { declaration, file }: Declared, env: Env): Type {
  switch (declaration.kind) {
    case "param":
    case "let": {
      const annotated = declaration.type === undefined ? undefined : typeOfExpression(c, env, declaration.type);
      if (annotated?.kind === "error") {
        // Without its type the value may be read wrongly: what it mentions is noted, and nothing is said of it.
        infer(attempt(c), env, declaration.value);
        return errorType;
      }
      const { text } = declaration.name;
      const why = declaration.type && { text: `\`${text}\` is declared here`, span: declaration.type.span };
      const place = { what: `\`${text}\``, why };
      const value =
        annotated === undefined
          ? infer(c, env, declaration.value)
          : check(c, env, declaration.value, { want: "value", type: annotated }, place);
      const set = declaration.kind === "param" ? settingType(c, declaration, annotated ?? value) : undefined;
      // Sizes are made of it, and its value is not known.
      if (value.kind === "error" && (annotated?.kind === "int" || annotated?.kind === "size")) return set ?? value;
      if (annotated !== undefined && isVague(annotated)) return set ?? value;
      return set ?? (annotated === undefined ? value : withValue(annotated, value));
    }
    case "block":
    case "network":
      return { kind: "block", signature: signatureOf(c, declaration, file) };
    case "step":
      return { kind: "step", step: declaration };
  }
}

/** `dataset` and `block` as types say less than the value does. */
const isVague = (type: Type): boolean =>
  type.kind === "dataset" || type.kind === "record" || (type.kind === "block" && type.signature.open === true);

/** `let a: float = 3` is a float, and its value is known. */
function withValue(annotated: Type, value: Type): Type {
  if (annotated.kind === value.kind) return value.kind === "tensor" ? annotated : value;
  if (annotated.kind === "float" && value.kind === "int" && typeof value.value === "number")
    return { kind: "float", value: value.value };
  return annotated;
}

/** Notes that a declaration mentions another; the first place is kept. */
export function uses(c: Context, env: Env, target: Named, span: Span): void {
  if (env.owner === undefined) return;
  const known = c.uses.get(env.owner);
  if (known === undefined) c.uses.set(env.owner, new Map([[target, span]]));
  else if (!known.has(target)) known.set(target, span);
}
