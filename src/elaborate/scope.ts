import type { Checked } from "../check/checked.ts";
import { STANDARD } from "../check/modules.ts";
import type { Diagnostic, Span } from "../diagnostic/diagnostic.ts";
import type { Value as GraphValue, Ops } from "../ir/graph.ts";
import type { Init, Network } from "../plan/network.ts";
import type { Step as PlanStep } from "../plan/plan.ts";
import { type Bindings, noBindings } from "../shape/dim.ts";
import type { TensorType } from "../shape/tensor.ts";
import type { Call, Declaration, Expression, Name, Parameter, Pipe, Statement, Step } from "../syntax/ast.ts";
import type { Instance } from "./instance.ts";
import type { Planned } from "./kinds/planned.ts";
import type { Value } from "./value.ts";

/** What one elaboration of a program collects. */
export interface Session {
  readonly checked: Checked;
  /** Bytes that a step may plan for, where they are known. */
  readonly memory?: number | undefined;
  /** In dependency order: a step is added after its inputs. */
  readonly steps: Map<string, PlanStep>;
  /** By code, place and message: nothing is said twice. */
  readonly diagnostics: Map<string, Diagnostic>;
  /** Values of `let` and `param` declarations. */
  readonly values: Map<Declaration, Value | Error>;
  /** Data sets by the expression that declares them: a step derived with `with` shares those of its base. */
  readonly datasets: Map<Expression, Value>;
  readonly planned: Map<Step, Planned | Error>;
  /** While a member of a sweep is planned: what it takes of each `each`, and what is made with these. */
  readonly member?: {
    readonly id: string;
    readonly choices: ReadonlyMap<Expression, Value>;
    readonly datasets: Map<Expression, Value>;
  };
  /** Networks by declaration, fields and the place that gives static arguments. */
  readonly networks: Map<string, Network>;
  /** Networks that no text describes: a script built them. */
  readonly given: ReadonlyMap<Declaration, Network>;
}

/** Whether a value written here is another for each member of the sweep that is planned. */
export const varies = ({ span }: Expression, { member }: Session): boolean =>
  member?.choices
    .keys()
    .some(({ span: { file, start, end } }) => file === span.file && start >= span.start && end <= span.end) ?? false;

/** Steps by the expression that asks for them: each place of the text adds its own once, in a sweep once for each member. */
export const remembered = (e: Expression, session: Session, make: () => Value): Value => {
  const datasets = varies(e, session) ? session.member!.datasets : session.datasets;
  const known = datasets.get(e);
  if (known !== undefined) return known;
  const value = make();
  datasets.set(e, value);
  return value;
};

export const newSession = (checked: Checked, given: Session["given"] = new Map(), memory?: number): Session => ({
  checked,
  memory,
  steps: new Map(),
  diagnostics: new Map(),
  values: new Map(),
  datasets: new Map(),
  planned: new Map(),
  networks: new Map(),
  given,
});

/** A graph that is being built, and what its text may ask of it. */
export interface Building {
  readonly ops: Ops<GraphValue>;
  readonly training: boolean;
  /** Home of the layer values that are declared outside of blocks. */
  readonly root: Instance;
  /** Gives an instance that declares weights or states its number, on its first use. */
  readonly number: (instance: Instance) => void;
  readonly variable: (request: VariableRequest) => GraphValue;
  /** A state's value for the next step; refuses a rule that sees one example. Answers the value in the state's own type. */
  readonly carry: (instance: Instance, name: string, next: GraphValue, type: TensorType, span: Span) => GraphValue;
  /** i32[4]: the key of this example's random draws, and a name for one draw that no other of this graph has. */
  readonly random: (purpose: string, span: Span) => { readonly key: GraphValue; readonly purpose: string };
  /** Notes the value after a stage of the network's own pipelines, for tables. */
  readonly stage: (label: string, value: GraphValue) => void;
  /** In `where`, `map` and `augment`: a field of the example, or its `index`. */
  readonly field: (name: Name) => GraphValue;
  /** `predicted(m)`, `loss(m)`, `probability(m)`: what a model says of the example. */
  readonly prediction: (call: Call | Pipe) => GraphValue;
}

export interface VariableRequest {
  readonly role: "weight" | "state";
  readonly instance: Instance;
  readonly name: string;
  readonly type: TensorType;
  readonly init: Init;
  readonly span: Span;
}

export interface Scope {
  readonly session: Session;
  /** The name of what is being elaborated: ids of undeclared steps are made from it. */
  readonly place: string;
  readonly locals: ReadonlyMap<Parameter | Statement, () => Value>;
  /** What the dimension variables of the enclosing block stand for. */
  readonly dims: Bindings;
  readonly building: Building | undefined;
  /** The instance of the block whose body this is. */
  readonly home: Instance | undefined;
  /** The place in the user's file that led here, while a body of the standard library is elaborated. */
  readonly user: Span | undefined;
  readonly depth: number;
}

/** Where declarations of files are elaborated: no block, no graph. */
export const fileScope = (session: Session, place: string): Scope => ({
  session,
  place,
  locals: new Map(),
  dims: noBindings,
  building: undefined,
  home: undefined,
  user: undefined,
  depth: 0,
});

/** Where the text of a condition or of a network's body is elaborated. */
export const graphScope = (session: Session, place: string, building: Building): Scope => ({
  ...fileScope(session, place),
  building,
  home: building.root,
});

/** Where a message about `span` points: the user's own text, not the standard library's. */
export const spanFor = (span: Span, scope: Scope): Span => scope.user ?? span;

export const isStandard = (file: string): boolean => file.startsWith(STANDARD);
