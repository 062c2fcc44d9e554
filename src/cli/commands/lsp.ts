import { Command, Flag } from "effect/cli";
import * as Effect from "effect/Effect";

export const lsp = Command.make(
  "lsp",
  {
    stdio: Flag.Boolean("stdio").pipe(
      Flag.withDescription("Over stdin and stdout, as always: editors say so"),
      Flag.withDefault(false),
    ),
  },
  Effect.fnUntraced(function* () {
    // Loaded only here: the other commands start without it.
    const { serve } = yield* Effect.promise(() => import("../../lsp/server.ts"));
    serve();
    // The protocol's `exit` ends the process.
    return yield* Effect.never;
  }),
).pipe(
  Command.withDescription("The language server: what editors speak with"),
  Command.withExamples([{ command: "mtt lsp", description: "Started by an editor; see docs/editors.md" }]),
);
