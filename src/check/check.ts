import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import { type Near, nearest } from "../diagnostic/near-miss.ts";
import type { Block, Declaration, File } from "../syntax/ast.ts";
import { checkBlock } from "./blocks.ts";
import { builtins } from "./builtins.ts";
import type { Checked } from "./checked.ts";
import type { Context } from "./context.ts";
import { reportCycles } from "./cycles.ts";
import { typeOf } from "./declarations.ts";
import { checkAssert } from "./kinds/assert.ts";
import { inDependencyOrder } from "./order.ts";
import { declareAll, isNamed, isStandard } from "./scope.ts";
import { checkSettingNames } from "./settings.ts";
import { factsOf } from "./steps.ts";

export { stages } from "./stages.ts";

export interface CheckOptions {
  /** `--set` values as written, by name; typed as their params. */
  readonly settings?: ReadonlyMap<string, string>;
}

/**
 * Finds the names, types and shapes of a program: its entry and every file it reads, the standard library's among them. Never throws for what
 * a user wrote; every independent error is reported once, in the order of the text.
 */
export function check(entry: string, files: ReadonlyMap<string, File>, options: CheckOptions = {}): Checked {
  const file = files.get(entry) ?? emptyFile(entry);
  const c = newContext(file, files, options.settings ?? new Map());
  declareAll(c);
  checkSettingNames(c, file, c.settingTexts);
  const order = inDependencyOrder(c);
  // Of the library what the program uses: most of a small program's time would be the rest.
  const whole = !files.has(entry) || isStandard(file);
  for (const { file: of, declaration } of order) if (whole || !isStandard(of)) checkDeclaration(c, of, declaration);
  checkUsed(c);
  reportCycles(c);
  const { types, bindings, members, calls, steps, settings, sizes } = c;
  return {
    entry: file,
    files,
    types,
    bindings,
    members,
    calls,
    steps,
    settings,
    sizes,
    order: order.map(({ declaration }) => declaration),
    diagnostics: inOrder(c.problems, files),
  };
}

function checkDeclaration(c: Context, file: File, declaration: Declaration): void {
  if (!isNamed(declaration)) checkAssert(c, declaration, file);
  else if (declaration.kind === "step") factsOf(c, declaration);
  else {
    typeOf(c, { file, declaration });
    if (declaration.kind === "block" || declaration.kind === "network") checkBlock(c, declaration, file);
  }
}

/** Checks what the checked declarations mention of the library, and what that mentions. */
function checkUsed(c: Context): void {
  const done = new Set<Declaration>();
  const open = [...c.uses.values()].flatMap((targets) => [...targets.keys()]);
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const file = c.files.get(next.span.file);
    if (done.has(next) || file === undefined || !isStandard(file)) continue;
    done.add(next);
    checkDeclaration(c, file, next);
    open.push(...(c.uses.get(next)?.keys() ?? []));
  }
}

function newContext(entry: File, files: ReadonlyMap<string, File>, settingTexts: ReadonlyMap<string, string>): Context {
  const near = new Map<string, Near | undefined>();
  const c: Omit<Context, "root"> & { root?: Context } = {
    entry,
    files,
    settingTexts,
    names: new Map(),
    prelude: new Map(),
    settings: new Map(),
    types: new Map(),
    bindings: new Map(),
    members: new Map(),
    calls: new Map(),
    steps: new Map(),
    sizes: new Map(),
    problems: [],
    missing: new Set(),
    declared: new Map(),
    signatures: new Map(),
    bodies: new Set(),
    unknown: new Map(),
    environments: new Map<Block, never>(),
    uses: new Map(),
    facts: new Map(),
    shared: new Map(),
    near: (name, known) => {
      // The same wrong name in the same company is looked up once, however often it stands there.
      const key = `${name}\n${known.length}`;
      if (!near.has(key)) near.set(key, nearest(name, known));
      return near.get(key);
    },
    exampleNames: new Set(builtins.flatMap(({ name, example }) => (example ? [name] : []))),
    depth: 0,
    trying: new Set(),
  };
  return Object.assign(c, { root: c as Context });
}

const emptyFile = (name: string): File => ({ name, text: "", imports: [], declarations: [], comments: [] });

/** By file in the order of reading, then by place; what is said twice of one place stays once. */
function inOrder(problems: readonly Diagnostic[], files: ReadonlyMap<string, File>): readonly Diagnostic[] {
  const number = new Map([...files.keys()].map((name, i) => [name, i]));
  const seen = new Set<string>();
  return problems
    .filter(({ code, span, message }) => {
      const key = `${code}\n${span.file}\n${span.start}\n${span.end}\n${message}`;
      return !seen.has(key) && seen.add(key);
    })
    .sort(
      (a, b) =>
        (number.get(a.span.file) ?? 0) - (number.get(b.span.file) ?? 0) ||
        a.span.start - b.span.start ||
        a.span.end - b.span.end,
    );
}
