import * as Effect from "effect/Effect";
import { nearMiss } from "../diagnostic/near-miss.ts";
import { StepFailure } from "../execute/failure.ts";
import { define } from "../ir/builder.ts";
import type { Field } from "../plan/dataset.ts";
import { unfedField } from "../plan/network.ts";
import type { Step } from "../plan/plan.ts";

export type PredictStep = Step & { readonly body: Extract<Step["body"], { readonly kind: "predict" }> };

/** What a model says of a data set's examples as a step of the plan: the network's result of this name, or its only one. */
export const predictionStep = (model: Step, data: Pick<Step, "id" | "body">, result: string | undefined) =>
  Effect.gen(function* () {
    if (model.body.kind !== "train") return yield* refuse(`\`${model.id}\` is no model`, "a train step makes one");
    const { network } = model.body.training;
    const chosen = network.results.findIndex(({ name }) => result === undefined || name === result);
    if (chosen < 0 || (result === undefined && network.results.length > 1)) {
      const names = network.results.map(({ name }) => name);
      const near = result === undefined ? undefined : nearMiss(result, names);
      return yield* refuse(
        result === undefined
          ? `\`${network.name}\` has several results, and one is predicted at a time`
          : `\`${network.name}\` has no result \`${result}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
        `its results are ${names.join(", ")}`,
      );
    }
    const unfed = unfedField(network, fieldsOf(data));
    if (unfed !== undefined) return yield* refuse(`\`${model.id}\` ${unfed}`, SEE);
    const graph = define(
      network.results.map(({ name, type }) => [name, type] as const),
      (_, ...results) => [results[chosen]!],
    );
    const step: PredictStep = {
      id: `predict(${model.id}, ${data.id})`,
      declared: true,
      body: { kind: "predict", network, measure: { name: network.results[chosen]!.name, graph, targets: [] } },
      inputs: [model.id, data.id],
      span: model.span,
    };
    return step;
  });

const SEE = "`mtt shapes FILE` prints what the network reads";

const refuse = (message: string, help: string) => new StepFailure({ code: "MTT5703", message, help });

const fieldsOf = ({ body }: Pick<Step, "body">): readonly Field[] => ("fields" in body ? body.fields : []);
