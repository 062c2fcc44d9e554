import * as Effect from "effect/Effect";
import * as Exit from "effect/Exit";
import * as Scope from "effect/Scope";
import type { Backend, BackendError, BackendSession } from "../backend/backend.ts";
import type { Dataset } from "../data/dataset.ts";
import { gather } from "../data/gather.ts";
import {
  type Algorithm,
  AlgorithmFailure,
  type Answer,
  type Checkpoint,
  type Command,
  type Session,
} from "../plan/algorithm.ts";
import type { Tensor } from "../shape/tensor.ts";

/** The world an algorithm runs in: an engine, the step's data sets, and where checkpoints and progress go. */
export interface World<E, R> {
  readonly backend: Backend;
  readonly precision: "f32" | "f64";
  readonly data: readonly Dataset[];
  readonly checkpoint: (at: number, state: Checkpoint) => Effect.Effect<void, E, R>;
  readonly progress: (fraction: number, figures: Readonly<Record<string, number>>) => Effect.Effect<void, E, R>;
  readonly warn: (message: string) => Effect.Effect<void, E, R>;
}

interface Opened {
  readonly session: BackendSession;
  readonly scope: Scope.Closeable;
}

/** Runs an algorithm to its end. Its sessions are freed however it ends; what it throws is the fiber's to handle. */
export const drive = <A, E, R>(
  algorithm: Algorithm<A>,
  world: World<E, R>,
): Effect.Effect<A, E | BackendError | AlgorithmFailure, Exclude<R, Scope.Scope>> =>
  Effect.gen(function* () {
    const sessions = new Map<Session, Opened>();
    let opened = 0;

    const answer = (command: Command): Effect.Effect<Answer, E | BackendError, R | Scope.Scope> => {
      switch (command.do) {
        case "open":
          return Effect.gen(function* () {
            // A scope of its own, so that `close` frees one session; a child, so that the end frees all.
            const scope = yield* Scope.fork(yield* Effect.scope);
            const session = yield* Scope.provide(
              world.backend.open(command.program, [...command.resident, ...fields(command, world)]),
              scope,
            );
            sessions.set(++opened, { session, scope });
            return opened;
          });
        case "run":
          return sessions.get(command.session)!.session.run([...fields(command, world), ...command.feeds]);
        case "read":
          return sessions.get(command.session)!.session.read;
        case "close":
          return Effect.gen(function* () {
            const { scope } = sessions.get(command.session)!;
            sessions.delete(command.session);
            yield* Scope.close(scope, Exit.void);
            return undefined;
          });
        case "checkpoint":
          return Effect.as(world.checkpoint(command.at, command.state), undefined);
        case "progress":
          return Effect.as(world.progress(command.fraction, command.figures), undefined);
        case "warn":
          return Effect.as(world.warn(command.message), undefined);
      }
    };

    const advance = (...next: [] | [Answer]) =>
      Effect.try({
        try: () => algorithm.next(...next),
        catch: (error) => {
          if (error instanceof AlgorithmFailure) return error;
          throw error;
        },
      });

    let step = yield* advance();
    while (!step.done) step = yield* advance(yield* answer(step.value));
    return step.value;
  }).pipe(Effect.scoped);

const fields = (
  { rows }: Extract<Command, { readonly do: "run" | "open" }>,
  { data, precision }: Pick<World<never, never>, "data" | "precision">,
): readonly Tensor[] =>
  rows === undefined ? [] : rows.fields.map((field) => gather(data[rows.data]!, field, rows.at, precision));
