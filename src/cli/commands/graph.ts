import { Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";
import { toDot, toMermaid } from "../../plan/graph.ts";
import { onStderr, ready } from "../compiled.ts";
import { file, project } from "../flags.ts";
import { print } from "../print.ts";

export const graph = Command.make(
  "graph",
  {
    file,
    ...project,
    format: Flag.Literals("format", ["mermaid", "dot"]).pipe(
      Flag.withDescription("The picture's language"),
      Flag.withDefault("mermaid"),
    ),
  },
  Effect.fnUntraced(function* (flags) {
    const { plan } = yield* ready(flags.file, flags, onStderr("human"));
    yield* print(flags.format === "dot" ? toDot(plan) : toMermaid(plan));
  }),
).pipe(
  Command.withDescription("The plan's steps as a picture"),
  Command.withExamples([
    { command: "mtt graph pipelines/mnist.mtt --format dot | dot -Tsvg", description: "Draw it with Graphviz" },
  ]),
);
