import { Argument, Command } from "effect/cli";
import * as Effect from "effect/Effect";
import { nearMiss } from "../../diagnostic/near-miss.ts";
import { networkTable } from "../../plan/table.ts";
import { onStderr, ready } from "../compiled.ts";
import { UsageError } from "../exit.ts";
import { file, format, project } from "../flags.ts";
import { print } from "../print.ts";
import { table } from "../table.ts";

export const shapes = Command.make(
  "shapes",
  {
    file,
    network: Argument.String("network").pipe(
      Argument.withDescription("The network to show (default: all)"),
      Argument.optional,
    ),
    ...project,
    format,
  },
  Effect.fnUntraced(function* (flags) {
    const { compiled } = yield* ready(flags.file, flags, onStderr(flags.format));
    const wanted = flags.network;
    const names = compiled.networks.map(({ name }) => name);
    if (wanted._tag === "Some" && !names.includes(wanted.value)) {
      const near = nearMiss(wanted.value, names);
      return yield* new UsageError({
        message: `${flags.file} has no network \`${wanted.value}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
        help: names.length === 0 ? "it declares none" : `its networks are ${names.join(", ")}`,
      });
    }
    for (const network of compiled.networks) {
      if (wanted._tag === "Some" && network.name !== wanted.value) continue;
      const rows = networkTable(network);
      if (flags.format === "json") {
        for (const row of rows) yield* print(JSON.stringify({ network: network.name, ...row }));
        continue;
      }
      yield* print(
        `${network.name}\n${table(
          ["stage", "output", "weights", "parameters", "FLOPs per example"],
          rows.map(({ stage, output, weights, parameters, flops }) => [
            stage,
            output,
            stage === "total" ? "" : weights.join(", "),
            parameters === 0 ? "" : parameters.toLocaleString("en"),
            flops === 0 ? "" : flops.toLocaleString("en"),
          ]),
        )}\n`,
      );
    }
  }),
).pipe(
  Command.withDescription("Every stage of a network: output shape, weights, parameters, FLOPs per example"),
  Command.withExamples([
    { command: "mtt shapes pipelines/mnist.mtt Digits", description: "The stages of one network" },
  ]),
);
