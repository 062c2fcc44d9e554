import type { Checked } from "../check/checked.ts";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Network } from "../plan/network.ts";
import type { Plan } from "../plan/plan.ts";
import type { Declaration } from "../syntax/ast.ts";
import { declared } from "./expression.ts";
import { type GivenNetworks, givenIn } from "./given.ts";
import { planAssert } from "./kinds/assert.ts";
import { planned } from "./kinds/steps.ts";
import { elaborateNetwork, knowsItsFields } from "./network.ts";
import { oversized } from "./network-size.ts";
import { Refusal, refuse } from "./refusal.ts";
import { fileScope, newSession, type Session } from "./scope.ts";

export interface Elaborated {
  /** Absent where something was refused. */
  readonly plan?: Plan;
  /** In order: those whose own types say every size, and those that a step trains. */
  readonly networks: readonly Network[];
  readonly named: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
}

/** The plan of a program that the checker found right: its data, its networks' graphs, its steps in an order in which they can run. */
export const elaborate = (checked: Checked, networks: GivenNetworks = new Map(), memory?: number): Elaborated => {
  const session = newSession(checked, givenIn(checked.entry, networks), memory);
  let asserts = 0;
  for (const declaration of wanted(checked))
    attempt(session, declaration, () => {
      if (declaration.kind === "assert") planAssert(declaration, ++asserts, session);
      else elaborateDeclaration(declaration, session);
    });
  const diagnostics = [...session.diagnostics.values()];
  const made = { networks: [...session.networks.values()], named: namedSteps(session) };
  if (diagnostics.length > 0) return { ...made, diagnostics };
  const plan: Plan = { steps: [...session.steps.values()], targets: defaultTargets(session) };
  return { ...made, plan, diagnostics: oversized(plan) };
};

/** The step of every data set, of every figure of a step, and of every model that a `best` picks, that a `let` of the entry names. */
const namedSteps = ({ checked, values }: Session): ReadonlyMap<string, string> =>
  new Map(
    checked.entry.declarations.flatMap((declaration): readonly (readonly [string, string])[] => {
      const value = values.get(declaration);
      if (declaration.kind !== "let" || value === undefined || value instanceof Error) return [];
      const step =
        value.kind === "dataset"
          ? value.step
          : value.kind === "figure" && value.formula.kind === "figure"
            ? value.formula.step
            : value.kind === "model"
              ? value.model.id
              : undefined;
      return step === undefined ? [] : [[declaration.name.text, step]];
    }),
  );

/** The entry's declarations and those of other files that they mention, each after those it mentions. */
const wanted = ({ order, entry }: Checked): readonly Declaration[] =>
  order.slice(0, 1 + order.findLastIndex(({ span }) => span.file === entry.name));

const elaborateDeclaration = (declaration: Exclude<Declaration, { kind: "assert" }>, session: Session): void => {
  switch (declaration.kind) {
    case "step":
      planned(declaration, session);
      break;
    case "let":
      declared(declaration, fileScope(session, declaration.name.text));
      break;
    case "network":
      // One whose sizes only the data tells is elaborated where a step trains it.
      if (declaration.span.file === session.checked.entry.name && knowsItsFields(declaration, session))
        elaborateNetwork(declared(declaration, fileScope(session, "")), undefined, declaration.body, session);
      break;
    case "param":
    case "block":
      break;
  }
};

/** One refusal for each declaration, and none twice: what depends on a refused step says nothing more. */
const attempt = (session: Session, declaration: Declaration, work: () => void): void => {
  try {
    work();
  } catch (error) {
    const { diagnostic } = error instanceof RangeError ? tooDeep(error, declaration) : refused(error);
    const { code, span, message } = diagnostic;
    session.diagnostics.set(`${code} ${span.file} ${span.start} ${message}`, diagnostic);
  }
};

const refused = (error: unknown): Refusal => {
  if (error instanceof Refusal) return error;
  throw error;
};

/** The interpreter's own stack is as deep as the program's blocks and pipes are nested in each other. */
const tooDeep = (error: RangeError, { span }: Declaration): Refusal => {
  if (!/call stack/i.test(error.message)) throw error;
  return refuse.tooDeep(span, "blocks and expressions are nested too deep here", {
    help: "name inner parts with `let`, and use fewer blocks inside of each other",
  });
};

/** Asserts, reports, and the declared steps that nothing else uses. */
const defaultTargets = (session: Session): readonly string[] => {
  const steps = [...session.steps.values()];
  const used = new Set(steps.flatMap(({ inputs }) => inputs));
  return steps
    .filter(({ id, body, declared: named }) => {
      if (body.kind === "assert" || body.kind === "report") return true;
      return named && body.kind !== "data" && body.kind !== "query" && !used.has(id);
    })
    .map(({ id }) => id);
};
