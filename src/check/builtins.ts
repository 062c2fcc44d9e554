import { dataBuiltins } from "./builtins-data.ts";
import { influenceBuiltins } from "./builtins-influence.ts";
import { reportBuiltins } from "./builtins-report.ts";
import { trainingBuiltins } from "./builtins-training.ts";
import type { Builtin } from "./want.ts";

/** All rows of all tables. What is built in here is what only steps read: layers and losses are written in the language. */
export const builtins: readonly Builtin[] = [
  ...dataBuiltins,
  ...trainingBuiltins,
  ...influenceBuiltins,
  ...reportBuiltins,
];

const byName = Map.groupBy(builtins, (builtin) => builtin.name);

/** The rows of a name: several where it has several meanings (`constant`: an initial value, a rate). */
export const builtinsNamed = (name: string): readonly Builtin[] => byName.get(name) ?? [];

export const builtinNames: readonly string[] = [...byName.keys()];
