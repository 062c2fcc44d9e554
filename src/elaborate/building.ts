import type { Span } from "../diagnostic/diagnostic.ts";
import type { GraphBuilder } from "../ir/builder.ts";
import type { Value as GraphValue } from "../ir/graph.ts";
import type { Call, Name, Pipe } from "../syntax/ast.ts";
import { newInstance } from "./instance.ts";
import { refuse } from "./refusal.ts";
import type { Building } from "./scope.ts";

/** Names for random draws: `dropout/0`, `dropout/1` in order of occurrence, so that no two draws of a graph are equal. */
export const purposes = (prefix = ""): ((name: string) => string) => {
  const counts = new Map<string, number>();
  return (name) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return `${prefix}${name}/${count}`;
  };
};

/** A graph of one example that trains nothing: a measure, a condition. `what` names it in messages. */
export const plainBuilding = (
  builder: GraphBuilder,
  what: string,
  example: {
    readonly field?: (name: Name) => GraphValue;
    readonly prediction?: (call: Call | Pipe) => GraphValue;
    readonly key?: () => GraphValue;
  } = {},
): Building => {
  // Augmentation shares the network's key: its draws have purposes of their own.
  const purpose = purposes("augment ");
  return {
    ops: builder,
    training: example.key !== undefined,
    root: newInstance(),
    number: () => {},
    variable: ({ role, name, span }) => {
      throw refuse.value(span, `${what} has no weights or states, and \`${name}\` is a ${role}`);
    },
    carry: (_instance, name, _next, _type, span) => {
      throw refuse.value(span, `${what} carries no state \`${name}\``);
    },
    random: (name, span) => {
      if (example.key === undefined) throw noKey(what, span);
      return { key: example.key(), purpose: purpose(name) };
    },
    stage: () => {},
    field:
      example.field ??
      ((name) => {
        throw refuse.value(name.span, `${what} has no fields of the data in scope`);
      }),
    prediction:
      example.prediction ??
      ((call) => {
        throw refuse.value(call.span, `${what} asks no model`);
      }),
  };
};

export const noKey = (what: string, span: Span) =>
  refuse.noKey(span, `${what} draws random numbers, and those exist only while training`, {
    help: "take the random value where `training` is true: `select(training, noisy, x)`",
  });
