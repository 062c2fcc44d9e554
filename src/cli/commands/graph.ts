import { Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import * as Option from "effect/Option";
import { toDot, toMermaid } from "../../plan/drawing.ts";
import { planDrawing } from "../../plan/graph.ts";
import { networkDrawing } from "../../plan/network-drawing.ts";
import { toSvg } from "../../plan/svg.ts";
import { onStderr, ready } from "../compiled.ts";
import { compiling, file } from "../flags.ts";
import { networkArgument, networksNamed } from "../networks.ts";
import { print } from "../print.ts";

export const graph = Command.make(
  "graph",
  {
    file,
    network: networkArgument("The network to draw (default: the plan)"),
    ...compiling,
    format: Flag.Literals("format", ["mermaid", "dot", "svg"]).pipe(
      Flag.withDescription("The picture's language"),
      Flag.withDefault("mermaid"),
    ),
  },
  Effect.fnUntraced(function* (flags) {
    const { compiled, plan } = yield* ready(flags.file, flags, onStderr("human"));
    const drawing = Option.isNone(flags.network)
      ? planDrawing(plan)
      : networkDrawing((yield* networksNamed(compiled, flags.file, flags.network.value))[0]);
    switch (flags.format) {
      case "mermaid":
        return yield* print(toMermaid(drawing));
      case "dot":
        return yield* print(toDot(drawing));
      case "svg":
        return yield* print(yield* Effect.promise(() => toSvg(drawing)));
    }
  }),
).pipe(
  Command.withDescription("The plan's steps, or a network's stages with their shapes, as a picture"),
  Command.withExamples([
    { command: "mtt graph pipelines/mnist.mtt", description: "The plan as a mermaid flowchart" },
    { command: "mtt graph pipelines/mnist.mtt Digits --format svg > digits.svg", description: "A network's picture" },
  ]),
);
