import { Argument } from "effect/cli";
import * as Effect from "effect/Effect";
import type { Compiled } from "../compile.ts";
import { nearMiss } from "../diagnostic/near-miss.ts";
import type { Network } from "../plan/network.ts";
import { UsageError } from "./exit.ts";

/** The network of a program that a command is about. */
export const networkArgument = (description: string) =>
  Argument.String("network").pipe(Argument.withDescription(description), Argument.optional);

/** The program's networks of that name: a model for other sizes may have one more. */
export const networksNamed = (
  { networks }: Compiled,
  file: string,
  wanted: string,
): Effect.Effect<readonly [Network, ...Network[]], UsageError> => {
  const [first, ...more] = networks.filter(({ name }) => name === wanted);
  if (first !== undefined) return Effect.succeed([first, ...more]);
  const names = networks.map(({ name }) => name);
  const near = nearMiss(wanted, names);
  return Effect.fail(
    new UsageError({
      message: `${file} has no network \`${wanted}\`${near === undefined ? "" : `; did you mean \`${near}\`?`}`,
      help: names.length === 0 ? "it declares none" : `its networks are ${names.join(", ")}`,
    }),
  );
};
