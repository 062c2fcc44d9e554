import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import * as Stream from "effect/Stream";
import type { Backend, BackendError, BackendSession } from "../backend/backend.ts";
import type { Dataset } from "../data/dataset.ts";
import { gatherInto } from "../data/gather.ts";
import {
  type Algorithm,
  AlgorithmFailure,
  type Answer,
  type Checkpoint,
  type Command,
  type Kept,
  type Phase,
  type Rows,
  type Run,
  type Session,
} from "../plan/algorithm.ts";
import { addAnswers, emptySum, type Sum } from "../plan/sums.ts";
import type { Tensor } from "../shape/tensor.ts";

/** The world an algorithm runs in: an engine, the step's data sets, and where checkpoints and progress go. */
export interface World<E, R> {
  readonly backend: Backend;
  readonly precision: "f32" | "f64";
  readonly data: readonly Dataset[];
  readonly checkpoint: (at: number, state: Checkpoint) => Effect.Effect<void, E, R>;
  readonly progress: (
    fraction: number | undefined,
    figures: Readonly<Record<string, number>>,
  ) => Effect.Effect<void, E, R>;
  readonly warn: (message: string) => Effect.Effect<void, E, R>;
  readonly phase: (name: Phase) => Effect.Effect<void>;
  /** Takes a part from where it is kept, or has it computed: `compute` runs its algorithm, whose checkpoints go where `checkpoint` says. */
  readonly part: <F, S>(
    part: Extract<Command, { readonly do: "part" }>,
    compute: (from: Kept | undefined, checkpoint: World<E, R>["checkpoint"]) => Effect.Effect<Checkpoint, F, S>,
  ) => Effect.Effect<Checkpoint, E | F, R | S>;
  readonly block: (block: Extract<Command, { readonly do: "block" }>) => Effect.Effect<void, E, R>;
}

interface Opened {
  readonly session: BackendSession;
  /** Where the fields of a run's rows were gathered, and will be again: feeds may be reused after the answer. */
  readonly gathered: Map<string, Tensor["data"]>;
  readonly scope: Scope.Closeable;
}

/** Runs an algorithm to its end. Its sessions are freed however it ends. */
export const drive = <A, E, R>(
  algorithm: Algorithm<A>,
  world: World<E, R>,
): Effect.Effect<A, E | BackendError | AlgorithmFailure, Exclude<R, Scope.Scope>> =>
  Effect.scoped(
    advance(algorithm, world, { sessions: new Map(), opened: 0, gathered: new Map(), paused: performance.now() }),
  );

interface Sessions {
  readonly sessions: Map<Session, Opened>;
  opened: number;
  /** Where what stays in an engine is gathered: it has its own copy when the session is open. */
  readonly gathered: Map<string, Tensor["data"]>;
  /** When others were last let on: a signal is heard, a timer runs. */
  paused: number;
}

/** Milliseconds of work without a pause: what computes here for long is interrupted between two of its commands. */
const PAUSE_MS = 50;

/** A part's algorithm runs on the sessions of the one that asked for it. */
const advance = <A, E, R>(
  algorithm: Algorithm<A>,
  world: World<E, R>,
  open: Sessions,
): Effect.Effect<A, E | BackendError | AlgorithmFailure, R | Scope.Scope> =>
  Effect.gen(function* () {
    const next = (...answers: [] | [Answer]) => asked(() => algorithm.next(...answers));
    let step = yield* next();
    while (!step.done) {
      const got = yield* answer(step.value, world, open);
      if (performance.now() - open.paused > PAUSE_MS) {
        yield* Effect.yieldNow;
        open.paused = performance.now();
      }
      step = yield* next(got);
    }
    return step.value;
  });

const answer = <E, R>(
  command: Command,
  world: World<E, R>,
  open: Sessions,
): Effect.Effect<Answer, E | BackendError | AlgorithmFailure, R | Scope.Scope> => {
  const { sessions } = open;
  switch (command.do) {
    case "open":
      return Effect.gen(function* () {
        // A scope of its own, so that `close` frees one session; a child, so that the end frees all.
        const scope = yield* Scope.fork(yield* Effect.scope);
        const session = yield* Scope.provide(
          world.backend.open(command.program, [...command.resident, ...fields(command, world, open.gathered)]),
          scope,
        );
        sessions.set(++open.opened, { session, gathered: new Map(), scope });
        return open.opened;
      });
    case "run": {
      const { session, gathered } = sessions.get(command.session)!;
      return session.run([...fields(command, world, gathered), ...command.feeds], command.spent);
    }
    case "runs":
      return runAll(command, world, open);
    case "read":
      return sessions.get(command.session)!.session.read;
    case "close":
      return Effect.gen(function* () {
        const { scope } = sessions.get(command.session)!;
        sessions.delete(command.session);
        yield* Scope.close(scope, Exit.void);
        return undefined;
      });
    case "part":
      return world.part(command, (from, checkpoint) => advance(command.compute(from), { ...world, checkpoint }, open));
    case "block":
      return Effect.as(world.block(command), undefined);
    case "checkpoint":
      return Effect.as(world.checkpoint(command.at, command.state), undefined);
    case "progress":
      return Effect.as(world.progress(command.fraction, command.figures), undefined);
    case "warn":
      return Effect.as(world.warn(command.message), undefined);
    case "phase":
      return Effect.as(world.phase(command.name), undefined);
  }
};

/** Where a run's rows are gathered and its answers lie; the next run has them again. */
interface Place {
  readonly gathered: Opened["gathered"];
  readonly answers: readonly Tensor[];
}

/** As many side by side as the engine gains by; a single one has the whole engine. One more is ready than are under way, and answers wait for their turn. */
const runAll = <E, R>(
  { runs, take, most, alike, sum }: Extract<Command, { readonly do: "runs" }>,
  world: World<E, R>,
  open: Sessions,
): Effect.Effect<Answer, E | BackendError | AlgorithmFailure, R | Scope.Scope> =>
  Effect.gen(function* () {
    const iterator = runs[Symbol.iterator]();
    const some = (yield* asked(() => [iterator.next(), iterator.next()])).flatMap(({ done, value }) =>
      done === true ? [] : [value],
    );
    const [first] = some;
    if (first === undefined) return sum ? [] : undefined;
    const { beside } = open.sessions.get(first.session)!.session;
    const lanes = some.length === 1 && !alike ? 1 : Math.max(1, Math.min(most, beside?.lanes ?? 1));
    const inLane = lanes > 1 || alike;
    // What the engine adds up comes here when all runs have ended; else it is added here, run after run.
    const begin = sum && inLane ? beside?.adding?.begin : undefined;
    const adding = begin === undefined ? undefined : yield* begin;
    let sums: readonly Sum[] | undefined = adding?.values;
    const places: Place[] = [];
    const compute = ([run, turn]: readonly [Run, number]) =>
      Effect.suspend(() => {
        const { gathered, answers } = places.pop() ?? { gathered: new Map(), answers: [] };
        const fed = [...fields(run, world, gathered), ...run.feeds];
        const { session: of } = open.sessions.get(run.session)!;
        if (adding !== undefined)
          return Effect.as(of.beside!.adding!.run(fed, adding, turn), { gathered, answers } satisfies Place);
        const how = inLane ? (of.beside ?? of) : of;
        return Effect.map(how.run(fed, answers), (now): Place => ({ gathered, answers: now }));
      });
    let taken = 0;
    const took = (place: Place) =>
      Effect.gen(function* () {
        if (sum && adding === undefined) {
          sums ??= place.answers.map(emptySum);
          addAnswers(sums, place.answers);
        }
        const more = yield* asked(() => take(sum ? [] : place.answers, taken++));
        if (more !== undefined) yield* advance(more, world, open);
        places.push(place);
      });
    let begun = 0;
    const all = Stream.unfold(some, ([next, ...others]) =>
      asked((): readonly [readonly [Run, number], Run[]] | undefined => {
        if (next !== undefined) return [[next, begun++], others];
        const { done, value } = iterator.next();
        return done === true ? undefined : [[value, begun++], []];
      }),
    );
    yield* all.pipe(Stream.mapEffect(compute, { concurrency: lanes === 1 ? 1 : lanes + 1 }), Stream.runForEach(took));
    return sums;
  });

/** What an algorithm's own code answers, or how it fails. */
const asked = <A>(of: () => A): Effect.Effect<A, AlgorithmFailure> =>
  Effect.try({
    try: of,
    catch: (error) => {
      if (error instanceof AlgorithmFailure) return error;
      throw error;
    },
  });

const fields = (
  { rows }: { readonly rows?: Rows },
  { data, precision }: Pick<World<never, never>, "data" | "precision">,
  gathered: Map<string, Tensor["data"]>,
): readonly Tensor[] =>
  (rows?.fields ?? []).map((field) => {
    const { data: of, at } = rows!;
    const tensor = gatherInto(data[of]!, field, at, precision, gathered.get(field));
    gathered.set(field, tensor.data);
    return tensor;
  });
