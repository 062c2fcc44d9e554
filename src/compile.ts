import { withoutAllowed } from "./check/allow.ts";
import { check } from "./check/check.ts";
import type { Checked } from "./check/checked.ts";
import { withoutLost } from "./check/lost.ts";
import { loadModules, type Outside, type Parse } from "./check/modules.ts";
import { warningsOf } from "./check/warnings/warnings.ts";
import type { Diagnostic, Sources } from "./diagnostic/diagnostic.ts";
import { elaborate } from "./elaborate/elaborate.ts";
import { declareNetworks, type GivenNetworks } from "./elaborate/given.ts";
import { stdlib } from "./generated/stdlib.ts";
import type { Network } from "./plan/network.ts";
import type { Plan } from "./plan/plan.ts";

export interface CompileOptions {
  /** Values for parameters of the entry file, as text: `--set rate=0.01`. */
  readonly settings?: ReadonlyMap<string, string>;
  /** Bytes that a step may plan for, where the run's are known: what would not fit them is refused. */
  readonly memory?: number | undefined;
  /** Networks that a script built, by name: they stand in the entry as if it declared them. */
  readonly networks?: GivenNetworks;
  /** A clock in milliseconds. The compiler has none of its own. */
  readonly now?: () => number;
  /** Files that imports name and that the program may not read, with what to say of them. */
  readonly outside?: ReadonlyMap<string, Outside>;
  /** Instead of `parse`: an editor keeps the trees of texts that did not change. */
  readonly parse?: Parse;
}

export interface Compiled {
  /** Absent where the program is wrong. */
  readonly plan?: Plan;
  /** The networks of the program, those that nothing trains among them where their types say every size. */
  readonly networks: readonly Network[];
  /** Steps of the data sets, and of the figures, that a `let` of the entry names. */
  readonly named: ReadonlyMap<string, string>;
  readonly checked: Checked;
  /** In source order; empty for a program that says nothing doubtful. */
  readonly diagnostics: readonly Diagnostic[];
  /** Milliseconds by phase; zeros without a clock. */
  readonly timings: Readonly<Record<string, number>>;
}

/**
 * A program's text to its plan: parse (text -> trees), check (trees -> typed program), elaborate (typed program -> steps with their graphs). Pure:
 * files are given in `sources` by the names their imports resolve to, and the standard library stands beside them. Never throws for what a program says.
 */
export const compile = (entry: string, sources: Sources, options: CompileOptions = {}): Compiled => {
  const now = options.now ?? (() => 0);
  const timings: Record<string, number> = {};
  const phase = <T>(name: string, work: () => T): T => {
    const start = now();
    const result = work();
    timings[name] = now() - start;
    return result;
  };
  const modules = phase("parse", () => loadModules(entry, new Map([...sources, ...stdlib]), options));
  const given = options.networks ?? new Map();
  const file = modules.files.get(entry);
  const files = file === undefined ? modules.files : new Map([...modules.files, [entry, declareNetworks(file, given)]]);
  const checked = phase("check", () => check(entry, files, { settings: options.settings ?? new Map() }));
  const found = withoutLost([...modules.diagnostics, ...checked.diagnostics], checked);
  const said = (all: readonly Diagnostic[], complete: boolean) =>
    inOrder(withoutAllowed(all, checked, complete), checked);
  if (found.some(isError)) return { checked, networks: [], named: new Map(), diagnostics: said(found, false), timings };
  const elaborated = phase("elaborate", () => elaborate(checked, given, options.memory));
  const right = elaborated.plan !== undefined;
  const warnings = phase("warn", () => (right ? warningsOf(checked) : []));
  const diagnostics = said([...found, ...warnings, ...elaborated.diagnostics], right);
  return { ...elaborated, checked, diagnostics, timings };
};

const isError = ({ severity }: Diagnostic): boolean => severity === "error";

/** By file in the order of reading, then by place. */
const inOrder = (diagnostics: readonly Diagnostic[], { files }: Checked): readonly Diagnostic[] => {
  const number = new Map([...files.keys()].map((name, i) => [name, i]));
  const fileOf = ({ span }: Diagnostic): number => number.get(span.file) ?? 0;
  return diagnostics.toSorted((a, b) => fileOf(a) - fileOf(b) || a.span.start - b.span.start);
};
