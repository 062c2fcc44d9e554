import type { Span } from "../diagnostic/diagnostic.ts";
import { isSpread, product, showDim } from "../shape/dim.ts";
import { unify } from "../shape/unify.ts";
import type { Expression } from "../syntax/ast.ts";
import { applyLayer, disagreements, type Mismatch, needs } from "./apply.ts";
import { tensorParameters } from "./blocks.ts";
import type { Site } from "./calls.ts";
import type { Signature, TensorTypeSymbolic, Type } from "./checked.ts";
import { attempt, type Context, type Env, report } from "./context.ts";
import { typeOf } from "./declarations.ts";
import { isLibrary } from "./modules.ts";
import { type Details, problems } from "./problems.ts";
import { stageNotes } from "./stages.ts";
import { showTensor, showType } from "./types.ts";
import type { Unfit } from "./unfit.ts";
import { declaredParameter, whyNotes } from "./why.ts";

/** A block got an array of the wrong shape: what it got, what it needs, every axis that disagrees, how the pipeline came there, what would fit. */
export function reportMismatch(
  c: Context,
  env: Env,
  signature: Signature,
  mismatch: Mismatch,
  given: ReadonlyMap<string, Expression>,
  site: Site,
): void {
  const { parameter, declared, got } = mismatch;
  const expression = given.get(parameter);
  const piped = site.input !== undefined && expression === site.input.expression;
  // Of the library's blocks the label says it all.
  const isOwn = signature.block !== undefined && !isLibrary(signature.block.span.file);
  const several = tensorParameters(signature).length > 1;
  const known = showTensor(mismatch.expected) === showTensor(declared) ? "" : `, here ${showTensor(mismatch.expected)}`;
  report(
    c,
    problems.shape(
      piped || expression === undefined ? site.span : expression.span,
      `${site.text} got ${several ? `${parameter}: ` : ""}${showTensor(got)}, and ${needs(mismatch)}`,
      {
        label: `${parameter}: ${showType(declared)} expected here${known}`,
        notes: [
          ...(expression === undefined ? [] : stageNotes(c, expression)),
          ...disagreements(mismatch).map((text) => ({ kind: "text" as const, text })),
          ...(isOwn ? whyNotes(c, declaredParameter(c, signature, parameter), site.span) : []),
        ],
        ...mend(whatFits(c, env, mismatch), piped ? undefined : expression, site),
      },
    ),
  );
}

/** A block cannot take what it is given for a reason inside of it: of layers one after another, the one at fault. */
export function reportInside(c: Context, env: Env, site: Site, found: Unfit, layers?: Expression): void {
  const { text, notes, layer, mismatch } = found;
  const written = layer !== undefined && layers?.kind === "list" ? layers.items[layer.at] : undefined;
  const before = layer !== undefined && written !== undefined ? layer.before : [];
  report(
    c,
    problems.shape(written?.span ?? site.span, written === undefined ? `${site.text}: ${text}` : text, {
      label: "does not fit here",
      notes: [...(site.input === undefined ? [] : stageNotes(c, site.input.expression)), ...before, ...notes],
      ...(written !== undefined && mismatch !== undefined ? mendItem(whatFits(c, env, mismatch), written.span) : {}),
    }),
  );
}

/** Puts the stage before the one of a list. */
function mendItem(between: Between | undefined, at: Span): Pick<Details, "help" | "fixes"> {
  if (between === undefined) return {};
  const { stage, made, sure } = between;
  const title = `put \`${stage}\` before it`;
  return {
    help: `${title}: ${made}`,
    fixes: [{ title, safe: sure, edits: [{ span: { ...at, end: at.start }, text: `${stage}, ` }] }],
  };
}

/** A stage that makes a shape fit, and what it makes; `sure` where nothing else is likely to have been forgotten. */
interface Between {
  readonly stage: string;
  readonly made: string;
  readonly sure: boolean;
}

/** A block of the standard library, or a reshape, that put in between makes the shape fit. One that keeps every element is best. */
function whatFits(c: Context, env: Env, { got, expected }: Mismatch): Between | undefined {
  const trial = attempt(c);
  const candidates: { readonly name: string; readonly type: TensorTypeSymbolic; readonly keeps: boolean }[] = [];
  for (const [name, declared] of c.prelude) {
    if (c.names.get(env.file)?.has(name)) continue;
    const made = makes(trial, typeOf(c, declared), got);
    if (made !== undefined && unify(expected.axes, made.axes).mismatches === undefined)
      candidates.push({ name, type: made, keeps: count(made) === count(got) });
  }
  const keeping = candidates.filter(({ keeps }) => keeps);
  const best = keeping[0] ?? candidates[0];
  if (best !== undefined) return { stage: best.name, made: showTensor(best.type), sure: keeping.length === 1 };
  const sizes = expected.axes.length === got.axes.length + 1 && !got.axes.some(isSpread) ? [...got.axes, 1] : undefined;
  if (sizes !== undefined && unify(expected.axes, sizes).mismatches === undefined) {
    const made = showTensor({ ...got, axes: sizes });
    return { stage: `reshape(${made.slice(got.dtype.length)})`, made, sure: false };
  }
  return undefined;
}

/** Puts the stage before the one at fault, or behind the argument. */
function mend(
  between: Between | undefined,
  argument: Expression | undefined,
  { span }: Site,
): Pick<Details, "help" | "fixes"> {
  if (between === undefined) return {};
  const { stage, made, sure } = between;
  const title = `put \`|> ${stage}\` ${argument === undefined ? "before" : "behind"} it`;
  const insert = (offset: number, text: string) => ({ span: { ...span, start: offset, end: offset }, text });
  const whole = argument === undefined || tight.has(argument.kind);
  const edits =
    argument === undefined
      ? [insert(span.start, `${stage} |> `)]
      : [
          ...(whole ? [] : [insert(argument.span.start, "(")]),
          insert(argument.span.end, `${whole ? "" : ")"} |> ${stage}`),
        ];
  return { help: `${title}: ${made}`, fixes: [{ title, safe: sure, edits }] };
}

/** What a pipe may follow as it is. */
const tight: ReadonlySet<Expression["kind"]> = new Set(["name", "call", "pipe", "field", "index", "group", "list"]);

const count = (type: TensorTypeSymbolic): string => showDim(product(type.axes));

/** What a block makes of one array, where it changes the shape and nothing else must be given. */
function makes(c: Context, block: Type, got: TensorTypeSymbolic): TensorTypeSymbolic | undefined {
  if (block.kind !== "block" || block.signature.parameters.filter(({ optional }) => !optional).length !== 1)
    return undefined;
  const made = applyLayer(c, block, got);
  return made.kind === "tensor" && showTensor(made) !== showTensor(got) ? made : undefined;
}
