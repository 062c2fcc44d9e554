import type { Checked } from "../check/checked.ts";
import type { Diagnostic } from "../diagnostic/diagnostic.ts";
import type { Network } from "../plan/network.ts";
import type { Plan } from "../plan/plan.ts";
import type { Declaration } from "../syntax/ast.ts";
import { declared } from "./expression.ts";
import { planAssert } from "./kinds/assert.ts";
import { planned } from "./kinds/steps.ts";
import { elaborateNetwork, knowsItsFields } from "./network.ts";
import { Refusal } from "./refusal.ts";
import { fileScope, type Session } from "./scope.ts";

export interface Elaborated {
  /** Absent where something was refused. */
  readonly plan?: Plan;
  /** In order: those whose own types say every size, and those that a step trains. */
  readonly networks: readonly Network[];
  readonly diagnostics: readonly Diagnostic[];
}

/** The plan of a program that the checker found right: its data, its networks' graphs, its steps in an order in which they can run. */
export const elaborate = (checked: Checked): Elaborated => {
  const session: Session = {
    checked,
    steps: new Map(),
    diagnostics: [],
    values: new Map(),
    datasets: new Map(),
    planned: new Map(),
    networks: new Map(),
  };
  let asserts = 0;
  for (const declaration of checked.entry.declarations)
    attempt(session, () => {
      if (declaration.kind === "assert") planAssert(declaration, ++asserts, session);
      else elaborateDeclaration(declaration, session);
    });
  const { diagnostics } = session;
  const networks = [...session.networks.values()];
  if (diagnostics.length > 0) return { networks, diagnostics };
  return { plan: { steps: [...session.steps.values()], targets: defaultTargets(session) }, networks, diagnostics };
};

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
      if (knowsItsFields(declaration, session))
        elaborateNetwork(declared(declaration, fileScope(session, "")), undefined, declaration.body, session);
      break;
    case "param":
    case "block":
      break;
  }
};

/** One refusal for each declaration, and none twice: what depends on a refused step says nothing more. */
const attempt = (session: Session, work: () => void): void => {
  try {
    work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { code, span, message } = error.diagnostic;
    const said = session.diagnostics.some(
      (known) => known.code === code && known.span.start === span.start && known.message === message,
    );
    if (!said) session.diagnostics.push(error.diagnostic);
  }
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
