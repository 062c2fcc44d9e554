import type { Network } from "../plan/network.ts";
import type { TensorType } from "../shape/tensor.ts";
import type { Block, Declaration, File, Name, TypeExpression } from "../syntax/ast.ts";

/** Networks that a script built, by the names that its steps call them. */
export type GivenNetworks = ReadonlyMap<string, Network>;

/** The file with a declaration for each of these networks: its types, and no body. */
export const declareNetworks = (file: File, networks: GivenNetworks): File => {
  const span = { file: file.name, start: file.text.length, end: file.text.length };
  const nameOf = (text: string): Name => ({ kind: "name", span, text });
  const typeOf = ({ dtype, shape }: TensorType): TypeExpression => ({
    kind: "type_tensor",
    span,
    dtype,
    dims: shape.map((value) => ({ kind: "dim_int", span, value })),
  });
  const declarations = [...networks].map(([name, { fields, results }]): Block => {
    const [only] = results;
    return {
      kind: "network",
      span,
      name: nameOf(name),
      parameters: fields.map((field) => ({
        kind: "parameter",
        span,
        name: nameOf(field.name),
        type: typeOf(field.type),
      })),
      result:
        results.length === 1 && only?.name === "result"
          ? typeOf(only.type)
          : {
              kind: "type_record",
              span,
              fields: results.map((result) => ({ name: nameOf(result.name), type: typeOf(result.type) })),
            },
      statements: [],
      body: { kind: "missing", span },
      form: "expression",
    };
  });
  return { ...file, declarations: [...file.declarations, ...declarations] };
};

/** The networks by the declarations that stand for them. */
export const givenIn = ({ declarations }: File, networks: GivenNetworks): ReadonlyMap<Declaration, Network> =>
  new Map(
    declarations.flatMap((declaration) => {
      const bodiless = declaration.kind === "network" && declaration.body.kind === "missing";
      const network = bodiless ? networks.get(declaration.name.text) : undefined;
      return network === undefined ? [] : [[declaration, network] as const];
    }),
  );
