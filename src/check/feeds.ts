import type { Expression, Step } from "../syntax/ast.ts";
import { applyLayer, applySignature, disagreements } from "./apply.ts";
import { tensorParameters } from "./blocks.ts";
import type { Signature, TensorTypeSymbolic, Type } from "./checked.ts";
import { type Context, report } from "./context.ts";
import { typeOf } from "./declarations.ts";
import type { StepSite } from "./kinds/kind.ts";
import { meant } from "./meant.ts";
import { LOSSES } from "./modules.ts";
import { problems } from "./problems.ts";
import { factsOf } from "./steps.ts";
import { describeType, showTensor, showType } from "./types.ts";
import { isUnfit, type Unfit } from "./unfit.ts";

type Fields = ReadonlyMap<string, TensorTypeSymbolic>;

/** The data that stands in a step: under which name, and its fields. */
function dataIn({
  given,
  types,
  own,
  step,
}: StepSite): readonly { readonly e: Expression; readonly fields: Fields; readonly own: boolean }[] {
  const names = step.step === "influence" ? ["test", "train"] : ["data", "validate"];
  return names.flatMap((name) => {
    const [e, type] = [given.get(name), types.get(name)];
    return e !== undefined && type?.kind === "dataset" ? [{ e, fields: type.fields, own: own.has(name) }] : [];
  });
}

/**
 * The data's fields feed the network's parameters by name: reports fields that are missing or have another shape, at the data.
 * Gives what the network makes of the data; undefined where that is not known.
 */
export function checkFeeds(c: Context, site: StepSite): Type | undefined {
  const { network } = factsOf(c, site.step);
  if (network === undefined) return undefined;
  const changed = site.own.has("network") || site.own.has("model");
  const told = foundations(c, site).some((step) => factsOf(c, step).unfed);
  let tell = !told;
  const results = dataIn(site).map(({ e, fields, own }) => {
    const result = feed(c, network, e, fields, (own || changed) && tell);
    tell &&= result !== undefined;
    return result;
  });
  if (results.includes(undefined)) c.facts.set(site.step, { ...factsOf(c, site.step), unfed: true });
  return results.find((result) => result !== undefined);
}

/** The steps whose network this one takes over. */
function foundations(c: Context, { step, own, types }: StepSite): readonly Step[] {
  const model = types.get("model");
  if (model?.kind === "step") return [model.step];
  const binding = step.base === undefined || own.has("network") ? undefined : c.bindings.get(step.base);
  return binding?.kind === "declaration" && binding.declaration.kind === "step" ? [binding.declaration] : [];
}

function feed(c: Context, network: Signature, e: Expression, fields: Fields, tell: boolean): Type | undefined {
  const types = new Map<string, Type>();
  let complete = true;
  for (const { name, type } of tensorParameters(network)) {
    const field = fields.get(name);
    if (field === undefined) {
      complete = false;
      const near = c.near(name, fields.keys().toArray());
      if (tell)
        report(
          c,
          problems.dataField(e.span, `\`${network.name}\` reads \`${name}\`, and the data has no such field`, {
            label: `${name}: ${showType(type)} expected in here`,
            help:
              near === undefined
                ? `its fields are ${listed(fields)}; a network reads them by its parameters' names`
                : `it has \`${near.word}\`: call the network's parameter so, or make the field with map(${name}: ${near.word})`,
          }),
        );
      continue;
    }
    if (type.kind === "tensor" && type.dtype !== field.dtype) {
      complete = false;
      if (tell)
        report(
          c,
          problems.dataShape(
            e.span,
            `\`${network.name}\` reads \`${name}\` as ${showTensor(type)}, and the data has ${showTensor(field)}`,
            { label: `${name}: ${showTensor(type)} expected in here` },
          ),
        );
      continue;
    }
    types.set(name, field);
  }
  const applied = applySignature(c, network, types);
  for (const mismatch of applied.mismatches) {
    const { parameter, got, declared } = mismatch;
    if (tell)
      report(
        c,
        problems.dataShape(
          e.span,
          `\`${network.name}\` reads \`${parameter}\` as ${showTensor(declared)}, and the data has ${showTensor(got)}`,
          {
            label: `${parameter}: ${showTensor(declared)} expected in here`,
            notes: disagreements(mismatch).map((text) => ({ kind: "text", text })),
            help: `change the network's parameter to ${parameter}: ${showTensor(got)}, or the data with map(${parameter}: …)`,
          },
        ),
      );
  }
  return complete && applied.mismatches.length === 0 ? applied.type : undefined;
}

const listed = (fields: Fields): string => [...fields].map(([name, type]) => `${name}: ${showTensor(type)}`).join(", ");

/** The loss is given the network's result and the target, and gives a number. */
export function checkLoss(c: Context, site: StepSite, result: Type): void {
  const e = site.given.get("loss");
  const type = site.types.get("loss");
  if (e === undefined || type?.kind !== "block") return;
  if (!["loss", "target", "data", "network"].some((name) => site.own.has(name))) return;
  checkMeasure(c, site, e, type.signature, result);
}

/** A block among metrics or as a measure is fed as a loss is. */
export function checkMeasures(c: Context, site: StepSite, e: Expression | undefined, result: Type): void {
  for (const item of e?.kind === "list" ? e.items : e === undefined ? [] : [e]) {
    const type = c.types.get(item);
    if (type?.kind === "block") checkMeasure(c, site, item, type.signature, result);
  }
}

function checkMeasure(c: Context, site: StepSite, e: Expression, signature: Signature, result: Type): void {
  const fields = dataIn(site)[0]?.fields;
  if (fields === undefined || signature.open || result.kind === "error") return;
  const types = new Map<string, Type>();
  const inputs = tensorParameters(signature);
  const results: ReadonlyMap<string, Type> = result.kind === "record" ? result.fields : new Map();
  const named = inputs.filter(({ name }) => results.has(name));
  const first = inputs[0];
  if (first === undefined || signature.primitive !== undefined) {
    if (signature.primitive !== undefined) {
      checkNumber(c, e, signature.name, applyLayer(c, { kind: "block", signature }, result));
      return;
    }
    report(
      c,
      problems.lossShape(e.span, `\`${signature.name}\` takes no array, and cannot be fed the network's result`, {
        label: "a loss expected here",
      }),
    );
    return;
  }
  const lacking = signature.parameters.find(
    (parameter) => !parameter.optional && !inputs.includes(parameter) && signature.given?.has(parameter.name) !== true,
  );
  if (lacking !== undefined) {
    report(
      c,
      problems.lossShape(e.span, `\`${signature.name}\` needs \`${lacking.name}\`, and only arrays can be fed`, {
        label: "a loss expected here",
        help: `give it its \`${lacking.name}\`: \`${signature.name}(${lacking.name}: …)\``,
      }),
    );
    return;
  }
  const taken = named.length > 0 ? named : [first];
  for (const { name } of taken)
    types.set(name, results.get(name) ?? (results.size > 0 ? [...results.values()][0]! : result));
  const targets = inputs.filter((input) => !taken.includes(input));
  for (const [i, { name }] of targets.entries()) {
    const field = targetField(c, site, e, signature, name, i === 0, fields);
    if (field === undefined) return;
    types.set(name, field);
  }
  for (const { name, type } of inputs) {
    const got = types.get(name);
    if (type.kind !== "tensor" || got?.kind !== "tensor") continue;
    if (got.dtype === type.dtype) continue;
    report(
      c,
      problems.lossShape(
        e.span,
        `\`${signature.name}\` takes \`${name}\` as ${showTensor(type)}, and got ${showTensor(got)}`,
        {
          label: `${name}: ${showTensor(type)} expected`,
        },
      ),
    );
    return;
  }
  const applied = applySignature(c, signature, types);
  // One report for the loss, however many of its inputs disagree.
  const [mismatch] = applied.mismatches;
  if (mismatch !== undefined)
    report(
      c,
      problems.lossShape(
        e.span,
        `\`${signature.name}\` takes \`${mismatch.parameter}\` as ${showTensor(mismatch.declared)}, and got ${showTensor(mismatch.got)}`,
        {
          label: `does not fit the network's ${describeType(result)}`,
          help: whatFits(c, types),
          notes: [
            ...[...types].map(([name, type]) => ({ kind: "text" as const, text: `${name} is ${showType(type)}` })),
            ...applied.mismatches.flatMap(disagreements).map((text) => ({ kind: "text" as const, text })),
          ],
        },
      ),
    );
  if (applied.mismatches.length === 0) checkNumber(c, e, signature.name, applied.problem ?? applied.type);
}

/** Losses of the library that take a result and a target of these types. */
function whatFits(c: Context, types: ReadonlyMap<string, Type>): string | undefined {
  const [result, target] = [...types.values()];
  if (result === undefined || target === undefined) return undefined;
  const fitting = [...c.prelude].flatMap(([name, declared]) => {
    if (declared.file.name !== LOSSES) return [];
    const type = typeOf(c, declared);
    const [first, second] = type.kind === "block" ? tensorParameters(type.signature) : [];
    if (type.kind !== "block" || first === undefined || second === undefined) return [];
    const agree = [first, second].every(({ type: wanted }, i) => {
      const got = [result, target][i];
      return wanted.kind === "tensor" && got?.kind === "tensor" && wanted.dtype === got.dtype;
    });
    const given = new Map([
      [first.name, result],
      [second.name, target],
    ]);
    return agree && applySignature(c, type.signature, given).mismatches.length === 0 ? [`\`${name}\``] : [];
  });
  return fitting.length === 0
    ? undefined
    : `of the library ${fitting.join(", ")} ${fitting.length === 1 ? "fits" : "fit"}`;
}

/** The field that a loss compares with: `target`, else one of the parameter's name, else `label`. */
function targetField(
  c: Context,
  site: StepSite,
  e: Expression,
  signature: Signature,
  name: string,
  isFirst: boolean,
  fields: Fields,
): TensorTypeSymbolic | undefined {
  const target = isFirst ? site.given.get("target") : undefined;
  const wanted = target?.kind === "name" ? target.text : target?.kind === "string" ? target.value : undefined;
  const candidates = wanted === undefined ? [name, "label"] : [wanted];
  const field = candidates.map((candidate) => fields.get(candidate)).find((found) => found !== undefined);
  if (field !== undefined) return field;
  const help = `its fields are ${listed(fields)}: say \`target: field\``;
  report(
    c,
    problems.dataField(
      (target ?? e).span,
      `\`${signature.name}\` compares with \`${candidates.at(-1)}\`, and the data has no such field`,
      {
        label: "no field to compare with",
        ...(target === undefined ? { help } : meant(c.near(candidates.at(-1)!, [...fields.keys()]), target.span, help)),
      },
    ),
  );
  return undefined;
}

function checkNumber(c: Context, e: Expression, name: string, made: Type | Unfit): void {
  if (isUnfit(made)) {
    const { text, notes } = made;
    report(c, problems.lossShape(e.span, text, { label: "does not fit the network's result", notes }));
    return;
  }
  const isNumber = made.kind === "error" || made.kind === "float" || (made.kind === "tensor" && made.axes.length === 0);
  if (!isNumber)
    report(
      c,
      problems.lossShape(e.span, `\`${name}\` gives ${describeType(made)} for an example, and one number is needed`, {
        label: "f32[] expected",
        help: "make one number of it, as `reduce_sum(x)` or `reduce_max(x)` do",
      }),
    );
}
