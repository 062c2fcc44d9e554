import { buildNetwork, type NetworkBuild } from "../elaborate/built-network.ts";
import { Refusal } from "../elaborate/refusal.ts";
import { ShapeError } from "../ir/mismatch.ts";
import type { Network } from "../plan/network.ts";
import { ProgramError } from "./errors.ts";
import { Expression } from "./expression.ts";

/**
 * A network built in TypeScript, for `train` and `with`: its fields (f32, one example) by name with their shapes, and a function that builds its graph.
 *
 * ```ts
 * network("Net", { image: [28, 28, 1] }, (net, { image }) => net.layer("dense", net.layer("flatten", image), { units: 10 }))
 * ```
 *
 * It is built when it is first used: `get` fails with a ProgramError where layers do not fit.
 */
export const network = <Field extends string>(
  name: string,
  fields: Readonly<Record<Field, readonly number[]>>,
  build: NetworkBuild<Field>,
): Expression => {
  let built: Network | undefined;
  return new Expression([
    {
      kind: "network",
      name,
      build: () => {
        built ??= attempt(name, () => buildNetwork(name, fields, build));
        return built;
      },
    },
  ]);
};

const attempt = <A>(name: string, work: () => A): A => {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal) {
      const { diagnostic } = error;
      const help = diagnostic.help === undefined ? "" : `; ${diagnostic.help}`;
      throw new ProgramError({ message: `network ${name}: ${diagnostic.message}${help}`, diagnostics: [diagnostic] });
    }
    if (error instanceof ShapeError)
      throw new ProgramError({ message: `network ${name}: ${error.message}`, diagnostics: [] });
    throw error;
  }
};
