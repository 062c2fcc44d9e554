import * as Effect from "effect/Effect";
import { nearMiss } from "../diagnostic/near-miss.ts";
import type { Plan, Step } from "../plan/plan.ts";
import { UsageError } from "./exit.ts";

/** The step of that name, or wrong use with the near miss. */
export const findStep = (plan: Plan, name: string, file: string): Effect.Effect<Step, UsageError> => {
  const found = plan.steps.find(({ id }) => id === name);
  if (found !== undefined) return Effect.succeed(found);
  const ids = plan.steps.map(({ id }) => id);
  const near = nearMiss(name, ids);
  return Effect.fail(
    new UsageError({
      message: `${file} has no step \`${name}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
      help: ids.length === 0 ? "it declares none" : `its steps are ${ids.join(", ")}`,
    }),
  );
};
