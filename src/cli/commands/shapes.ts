import { Command } from "effect/cli";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { networkTable } from "../../plan/table.ts";
import { showBytes } from "../../shape/tensor.ts";
import { onStderr, ready } from "../compiled.ts";
import { compiling, file, format } from "../flags.ts";
import { networkArgument, networksNamed } from "../networks.ts";
import { print } from "../print.ts";
import { table } from "../table.ts";

export const shapes = Command.make(
  "shapes",
  {
    file,
    network: networkArgument("The network to show (default: all)"),
    ...compiling,
    format,
  },
  Effect.fnUntraced(function* (flags) {
    const { compiled } = yield* ready(flags.file, flags, onStderr(flags.format));
    const networks = Option.isNone(flags.network)
      ? compiled.networks
      : yield* networksNamed(compiled, flags.file, flags.network.value);
    for (const network of networks) {
      const rows = networkTable(network);
      if (flags.format === "json") {
        for (const row of rows) yield* print(JSON.stringify({ network: network.name, ...row }));
        continue;
      }
      yield* print(
        `${network.name}\n${table(
          ["stage", "output", "weights", "parameters", "FLOPs per example", "activations per example"],
          rows.map(({ stage, output, weights, parameters, flops, activations }) => [
            stage,
            output,
            stage === "total" ? "" : named(weights),
            parameters === 0 ? "" : parameters.toLocaleString("en"),
            flops === 0 ? "" : flops.toLocaleString("en"),
            activations === 0 ? "" : showBytes(activations),
          ]),
        )}\n`,
      );
    }
  }),
).pipe(
  Command.withDescription(
    "Every stage of a network: output shape, weights, parameters, FLOPs and activation memory per example",
  ),
  Command.withExamples([
    { command: "mtt shapes pipelines/mnist.mtt Digits", description: "The stages of one network" },
  ]),
);

/** Of many the first and the last. */
const named = (weights: readonly string[]): string =>
  weights.length <= 4 ? weights.join(", ") : `${weights[0]} … ${weights.at(-1)} (${weights.length})`;
