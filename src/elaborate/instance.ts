import type { Value as GraphValue } from "../ir/graph.ts";
import type { Expression, State, Weight } from "../syntax/ast.ts";

/**
 * One use of a block: its weights and states, and the instances that its body makes, by the expression that makes them. Applying a shared layer
 * value again walks the same tree, so that it finds the same weights. A number is given on the first use of an instance that declares any.
 */
export interface Instance {
  number: number | undefined;
  /** A state's is the value as it is now: its rule replaces it while training. */
  readonly variables: Map<Weight | State, GraphValue>;
  readonly children: Map<Expression | number, Instance>;
}

export const newInstance = (): Instance => ({
  number: undefined,
  variables: new Map(),
  children: new Map(),
});

/** The instance that an expression, or an item of a `repeat` or `sequence`, makes in `home`. */
export const childOf = (home: Instance, key: Expression | number): Instance => {
  const known = home.children.get(key);
  if (known !== undefined) return known;
  const made = newInstance();
  home.children.set(key, made);
  return made;
};
