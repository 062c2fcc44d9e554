import { Command } from "effect/cli";
import * as Effect from "effect/Effect";
import { available } from "../../backend/available.ts";
import { format } from "../flags.ts";
import { print } from "../print.ts";
import { table } from "../table.ts";

const list = Command.make(
  "list",
  { format },
  Effect.fnUntraced(function* (flags) {
    const backends = yield* available;
    if (flags.format === "json") {
      for (const backend of backends) yield* print(JSON.stringify(backend));
      return;
    }
    yield* print(
      table(
        ["backend", "device", "", "why"],
        backends.map(({ name, device, ok, why }) => [name, device, ok ? "ready" : "not here", why]),
      ),
    );
  }),
).pipe(Command.withDescription("What can compute here, and why something cannot"));

export const backend = Command.make("backend").pipe(
  Command.withDescription("The engines that compute"),
  Command.withSubcommands([list]),
);
