import type { Expression } from "../syntax/ast.ts";
import { isTensorType } from "./blocks.ts";
import type { Site } from "./calls.ts";
import type { Type } from "./checked.ts";
import { type Context, report } from "./context.ts";
import { meant } from "./meant.ts";
import { problems } from "./problems.ts";

/** A parameter as far as matching needs it. */
export interface Place {
  readonly name: string;
  readonly optional: boolean;
  readonly type?: Type;
}

/** What is called, and how for people: `dense(x: f32[n], units: int, init: init = …) -> f32[units]`. */
export interface Callee {
  readonly name: string;
  readonly shown: string;
}

export interface Matched {
  readonly given: ReadonlyMap<string, Expression>;
  /** Something was wrong already: what is missing is not reported on top. */
  readonly failed: boolean;
}

/**
 * Which argument meets which parameter: the input of a pipe the first array (of a built-in: the first) that is not given by name, then
 * positional ones in order, then named ones. `all` are the parameters a name may be of.
 */
export function matchArguments(
  c: Context,
  { name: callee, shown }: Callee,
  parameters: readonly Place[],
  site: Site,
  all: readonly Place[] = parameters,
): Matched {
  const given = new Map<string, Expression>();
  let failed = false;
  const named = new Set(site.arguments.flatMap(({ name }) => (name === undefined ? [] : [name.text])));
  if (site.input !== undefined) {
    const free = parameters.filter(({ name }) => !named.has(name));
    const target = free.find(({ type }) => type !== undefined && isTensorType(type)) ?? free[0];
    if (target === undefined) {
      failed = true;
      report(
        c,
        problems.arguments(site.span, `\`${callee}\` takes no input`, { label: "cannot be a stage of a pipe" }),
      );
    } else given.set(target.name, site.input.expression);
  }
  let next = 0;
  for (const { name, value, span } of site.arguments) {
    if (name === undefined) {
      while (next < parameters.length && given.has(parameters[next]!.name)) next++;
      const parameter = parameters[next];
      if (parameter === undefined || named.has(parameter.name)) {
        failed = true;
        const count = parameters.length - (site.input === undefined ? 0 : 1);
        report(
          c,
          parameter === undefined
            ? problems.arguments(
                span,
                `\`${callee}\` takes ${count === 0 ? "no arguments" : count === 1 ? "one argument" : `${count} arguments`}`,
                {
                  label: "one too many",
                  help: `it is ${shown}`,
                },
              )
            : problems.arguments(span, `\`${parameter.name}\` of \`${callee}\` is given twice`, {
                label: "given by place here, and by name",
              }),
        );
        if (parameter === undefined) break;
      } else given.set(parameter.name, value);
      continue;
    }
    if (given.has(name.text)) {
      failed = true;
      report(
        c,
        problems.arguments(name.span, `\`${name.text}\` of \`${callee}\` is given twice`, {
          label: "given again here",
        }),
      );
    } else if (all.some((parameter) => parameter.name === name.text)) given.set(name.text, value);
    else {
      const near = c.near(
        name.text,
        all.map((parameter) => parameter.name),
      );
      // What was probably meant is taken, so that shapes follow from it.
      if (near !== undefined && !given.has(near.word) && !named.has(near.word)) given.set(near.word, value);
      else failed = true;
      report(
        c,
        problems.unknownParameter(name.span, `\`${callee}\` has no parameter \`${name.text}\``, {
          label: "unknown parameter",
          ...meant(near, name.span, `it is ${shown}`),
        }),
      );
    }
  }
  return { given, failed };
}

/** Reports required parameters that are given nothing; false where some are missing or something was wrong before. */
export function missingArguments(
  c: Context,
  { name: callee, shown }: Callee,
  parameters: readonly Place[],
  { given, failed }: Matched,
  site: Site,
): boolean {
  const missing = parameters.filter(({ name, optional }) => !optional && !given.has(name));
  if (missing.length > 0 && !failed) {
    const names = missing.map(({ name }) => `\`${name}\``).join(", ");
    report(
      c,
      problems.arguments(site.span, `\`${callee}\` needs ${names}`, {
        label: missing.length === 1 ? "an argument is missing" : "arguments are missing",
        help: `it is ${shown}`,
      }),
    );
  }
  return missing.length === 0;
}
