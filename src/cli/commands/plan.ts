import { Command } from "effect/cli";
import * as Effect from "effect/Effect";
import { stepTitle } from "../../plan/graph.ts";
import { onStderr, ready } from "../compiled.ts";
import { forecast } from "../dry-run.ts";
import { file, format, project } from "../flags.ts";
import { print } from "../print.ts";
import { table } from "../table.ts";

export const plan = Command.make(
  "plan",
  { file, ...project, format },
  Effect.fnUntraced(function* (flags) {
    const program = yield* ready(flags.file, flags, onStderr(flags.format));
    const ids = program.plan.steps.map(({ id }) => id);
    const forecasts = yield* forecast(flags.file, program, ids);
    if (flags.format === "json") {
      for (const { step, would, label, kept, why } of forecasts) {
        yield* print(
          JSON.stringify({
            step: step.id,
            kind: step.body.kind,
            would,
            key: label?.key,
            kept,
            why,
            inputs: step.inputs,
          }),
        );
      }
      return;
    }
    yield* print(
      table(
        ["step", "would", "key", "reads"],
        forecasts.map(({ step, would, label, kept, why }) => [
          stepTitle(step),
          why === undefined
            ? kept === undefined
              ? would
              : `run on from epoch ${kept}`
            : `fail: ${why.split("\n", 1).join("")}`,
          label?.key.slice(0, 12) ?? "",
          step.inputs.join(", "),
        ]),
      ),
    );
  }),
).pipe(
  Command.withDescription("What would run, and what is stored already"),
  Command.withExamples([
    { command: "mtt plan pipelines/mnist.mtt --set epochs=12", description: "What 12 epochs would need" },
    { command: "mtt plan pipelines/mnist.mtt --format json", description: "The same, one JSON object a step" },
  ]),
);
