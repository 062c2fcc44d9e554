import type { Expression, File, Name, RecordField, Step } from "../syntax/ast.ts";
import { checkArgument } from "./builtin-calls.ts";
import { builtins } from "./builtins.ts";
import type { Signature, TensorTypeSymbolic, Type } from "./checked.ts";
import { type Context, type Env, fileEnv, report, type StepFacts } from "./context.ts";
import { uses } from "./declarations.ts";
import { isTypeExpression, reportFieldTwice } from "./expressions.ts";
import { kinds } from "./kinds/index.ts";
import type { KindField } from "./kinds/kind.ts";
import { meant } from "./meant.ts";
import { LOSSES } from "./modules.ts";
import { problems } from "./problems.ts";
import { isNamed } from "./scope.ts";
import { errorType, stepWord } from "./types.ts";
import type { Want } from "./want.ts";

/** Checks a step, once; of a step that is being checked (it depends on itself) nothing is known. */
export function factsOf(c: Context, step: Step): StepFacts {
  const known = c.facts.get(step);
  if (known === "open") return {};
  if (known !== undefined) return known;
  c.facts.set(step, "open");
  const file = c.files.get(step.span.file);
  const facts = file === undefined ? {} : checkStep(c.root, step, file);
  c.facts.set(step, facts);
  return facts;
}

function checkStep(c: Context, step: Step, file: File): StepFacts {
  const plain = fileEnv(file, step);
  const env: Env = step.step === "sweep" ? { ...plain, sweep: true } : plain;
  const base = step.base === undefined ? undefined : baseOf(c, env, step, step.base);
  const inherited = base === undefined ? {} : factsOf(c, base);
  const given = new Map(inherited.given);
  const types = new Map(inherited.types);
  const own = new Set<string>();
  const { fields } = kinds[step.step];
  // Fields that an unknown name was near to: they are not missing on top.
  const nearTo = new Set<string | undefined>();
  let strange = 0;
  for (const field of step.record.fields) {
    const known = fields.find(({ name }) => name === field.name.text);
    if (known === undefined) {
      const near = reportUnknown(c, step, field.name, fields);
      nearTo.add(near);
      if (near === undefined) strange++;
    } else if (own.has(known.name)) reportFieldTwice(c, field);
    else {
      own.add(known.name);
      const e = fieldValue(field);
      if (e === undefined) {
        report(
          c,
          problems.outOfPlace(field.value.span, "a type stands here, and a value is taken", { label: "not a value" }),
        );
        types.set(known.name, errorType);
        continue;
      }
      given.set(known.name, e);
      types.set(known.name, checkField(c, env, step, known, e, types));
    }
  }
  c.steps.set(step, given);
  const missing = fields.filter(
    ({ name, default: value }) => value === undefined && !given.has(name) && !types.has(name) && !nearTo.has(name),
  );
  // What a derived step lacks, its base lacks.
  if (missing.length > strange && step.base === undefined) reportMissing(c, step, missing);
  const doubtful = strange > 0 || nearTo.size > 0;
  const facts: StepFacts = { ...(doubtful ? { doubtful } : {}), given, types, ...derived(c, step, given, types) };
  c.facts.set(step, facts);
  kinds[step.step].check(c, { step, env, given, types, own, meant: nearTo });
  const found = c.facts.get(step);
  return found === undefined || found === "open" ? facts : found;
}

/** `precision: f32` may be read as a type; it is a word. */
const fieldValue = ({ value }: RecordField): Expression | undefined =>
  !isTypeExpression(value)
    ? value
    : value.kind === "type_name"
      ? { kind: "name", span: value.span, text: value.name }
      : undefined;

function checkField(
  c: Context,
  env: Env,
  step: Step,
  field: KindField,
  e: Expression,
  types: ReadonlyMap<string, Type>,
): Type {
  const place = {
    what: `\`${field.name}\` of ${step.step} \`${step.name.text}\``,
    why: { text: `\`${field.name}\`: ${field.doc}` },
  };
  if (field.want.want === "field") return fieldName(c, e, place.what, types.get("data"));
  return checkArgument(c, env, e, field.want, place);
}

/** The name of a field of the data, bare or as a text. Whether the data has it is asked where it is fed to the loss. */
function fieldName(c: Context, e: Expression, what: string, data: Type | undefined): Type {
  if (e.kind !== "name" && e.kind !== "string" && e.kind !== "missing")
    report(
      c,
      problems.wrongType(e.span, `${what} is the name of a field of the data`, {
        label: "a name expected here",
        help: data?.kind === "dataset" ? `it has ${[...data.fields.keys()].join(", ")}` : undefined,
      }),
    );
  if (e.kind === "name") c.bindings.set(e, { kind: "field", name: e.text });
  return { kind: "string" };
}

/** Gives the field that was probably meant. */
function reportUnknown(c: Context, step: Step, name: Name, fields: readonly KindField[]): string | undefined {
  const near = c.near(
    name.text,
    fields.map((field) => field.name),
  );
  if (name.text === "") return undefined;
  report(
    c,
    problems.unknownStepField(name.span, `${step.step} has no field \`${name.text}\``, {
      label: "unknown field",
      ...meant(near, name.span, `its fields are ${fields.map((field) => field.name).join(", ")}`),
    }),
  );
  return near?.word;
}

function reportMissing(c: Context, step: Step, missing: readonly KindField[]): void {
  const names = missing.map(({ name }) => `\`${name}\``);
  const last = names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0]!;
  report(
    c,
    problems.missingStepField(step.name.span, `${step.step} \`${step.name.text}\` needs ${last}`, {
      label: missing.length === 1 ? "a field is missing" : "fields are missing",
      help: `add ${missing.map(({ name }) => `\`${name}: …\``).join(", ")}`,
      notes: missing.map(({ name, doc, want }) => ({ kind: "text", text: `${name}: ${doc}${choices(c, want)}` })),
    }),
  );
}

/** Names of what a place takes, where they are few: losses of the library, built-in values. */
function choices(c: Context, want: Want): string {
  const names =
    want.want === "opaque"
      ? builtins.flatMap(({ name, result }) => (result.result === "opaque" && result.name === want.name ? [name] : []))
      : want.want === "block" && want.of === "loss"
        ? [...c.prelude].flatMap(([name, { file }]) => (file.name === LOSSES ? [name] : []))
        : [];
  return names.length === 0 ? "" : ` There are ${[...new Set(names)].join(", ")}.`;
}

/** The step that another is derived from: one of the same kind; of a sweep, a model. */
function baseOf(c: Context, env: Env, step: Step, name: Name): Step | undefined {
  const wanted = step.step === "sweep" ? "train" : step.step;
  const declared = c.names.get(env.file)?.get(name.text);
  if (declared === undefined) {
    const steps = env.file.declarations.filter(isNamed).flatMap((d) => (d.kind === "step" ? [d.name.text] : []));
    if (name.text !== "" && !c.missing.has(`${env.file.name}:${name.text}`))
      report(
        c,
        problems.unknownName(name.span, `there is no step \`${name.text}\``, {
          label: "unknown name",
          ...meant(c.near(name.text, steps), name.span),
        }),
      );
    return undefined;
  }
  const { declaration } = declared;
  c.bindings.set(name, { kind: "declaration", ...declared });
  uses(c, env, declaration, name.span);
  if (declaration.kind === "step" && declaration.step === wanted) return declaration;
  const kind = `${/^[aeiou]/.test(wanted) ? "an" : "a"} ${wanted} step`;
  const what = declaration.kind === "step" ? `the ${stepWord(declaration.step)}` : `the ${declaration.kind}`;
  report(
    c,
    problems.wrongType(
      name.span,
      `${step.step} \`${step.name.text}\` changes ${kind}, and got ${what} \`${name.text}\``,
      {
        label: `${kind} expected here`,
        help:
          step.step === wanted ? `write its fields, or name ${kind}: ${step.step} ${step.name.text} { … }` : undefined,
      },
    ),
  );
  return undefined;
}

/** The sweep that a step is, or that an evaluation tells of. */
export function sweepBehind(c: Context, step: Step): Step | undefined {
  if (step.step === "sweep") return step;
  const model = factsOf(c, step).types?.get("model");
  return step.step === "evaluate" && model?.kind === "step" && model.step.step === "sweep" ? model.step : undefined;
}

/** The network and the data behind a step. */
function derived(
  c: Context,
  step: Step,
  given: ReadonlyMap<string, Expression>,
  types: ReadonlyMap<string, Type>,
): { readonly network?: Signature; readonly data?: ReadonlyMap<string, TensorTypeSymbolic> } {
  const network = types.get("network");
  const data = types.get(step.step === "influence" ? "train" : "data");
  const model = types.get("model");
  const ofModel = model?.kind === "step" ? factsOf(c, model.step) : undefined;
  const signature = network?.kind === "block" ? network.signature : ofModel?.network;
  const named = step.step === "influence" ? given.has("train") : given.has("data");
  const fields = data?.kind === "dataset" ? data.fields : named ? undefined : ofModel?.data;
  return {
    ...(signature === undefined ? {} : { network: signature }),
    ...(fields === undefined ? {} : { data: fields }),
  };
}
