import * as Effect from "effect/Effect";
import type { Outcome } from "../../execute/outcome.ts";
import type { BoardEvent } from "../../export/tensorboard/events.ts";
import type { Body, Step } from "../../plan/plan.ts";
import { placeOf } from "./place.ts";

type EvaluateStep = Step & { readonly body: Extract<Body, { readonly kind: "evaluate" }> };

/** `on_test/accuracy` at the epoch to which the model was trained; the models of a sweep are compared under one name. */
export const evaluationEvents = ({ id, body }: EvaluateStep, { figures }: Outcome, [model]: readonly Outcome[]) =>
  Effect.sync((): readonly BoardEvent[] => {
    const at = { step: placeOf(model!), time: Date.now() / 1000 };
    return body.metrics.flatMap(({ name }) => {
      const value = figures[name];
      return typeof value === "number"
        ? [{ kind: "scalar", tag: `${id.split("/")[0]}/${name}`, value, ...at } as const]
        : [];
    });
  });
