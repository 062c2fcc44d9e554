import { evaluate } from "../../src/ir/evaluate.ts";
import type { Algorithm, Answer, Checkpoint, Command, Rows, Run } from "../../src/plan/algorithm.ts";
import type { Program } from "../../src/plan/program.ts";
import { addAnswers, emptySum, type Sum } from "../../src/plan/sums.ts";
import { constructors, sizeOf, type Tensor } from "../../src/shape/tensor.ts";

/** All examples of a data set, by field: [n, …]. */
export type Columns = Readonly<Record<string, Tensor>>;

export interface Driven<R> {
  readonly result: R;
  readonly checkpoints: readonly { readonly at: number; readonly state: Checkpoint }[];
  readonly progress: readonly { readonly fraction: number; readonly figures: Readonly<Record<string, number>> }[];
  readonly warnings: readonly string[];
  readonly blocks: readonly Extract<Command, { readonly do: "block" }>[];
  /** Commands by kind. */
  readonly counts: Readonly<Record<Command["do"], number>>;
  /** Sessions still open at the end. */
  readonly open: number;
}

/** Runs an algorithm with the reference evaluator over data in memory. */
export const drive = <R>(algorithm: Algorithm<R>, ...data: readonly Columns[]): Driven<R> => {
  const sessions = new Map<number, { readonly program: Program; resident: readonly Tensor[] }>();
  const checkpoints: { at: number; state: Checkpoint }[] = [];
  const progress: { fraction: number; figures: Readonly<Record<string, number>> }[] = [];
  const warnings: string[] = [];
  const blocks: Extract<Command, { readonly do: "block" }>[] = [];
  const counts = {
    open: 0,
    run: 0,
    runs: 0,
    read: 0,
    close: 0,
    checkpoint: 0,
    progress: 0,
    warn: 0,
    part: 0,
    block: 0,
    phase: 0,
  };

  const evaluated = (run: Run): readonly Tensor[] => {
    const session = sessions.get(run.session)!;
    const { graph, updated } = session.program;
    const outputs = evaluate(graph, [...session.resident, ...gather(data, run.rows), ...run.feeds]);
    session.resident = [...outputs.slice(0, updated), ...session.resident.slice(updated)];
    return outputs.slice(updated);
  };

  const answer = (command: Command): Answer => {
    counts[command.do]++;
    switch (command.do) {
      case "open": {
        const { program, resident, rows } = command;
        sessions.set(counts.open, { program, resident: [...resident, ...gather(data, rows)] });
        return counts.open;
      }
      case "run":
        return evaluated(command);
      case "runs": {
        let i = 0;
        let sums: readonly Sum[] | undefined;
        for (const one of command.runs) {
          counts.run++;
          const answers = evaluated(one);
          if (command.sum) {
            sums ??= answers.map(emptySum);
            addAnswers(sums, answers);
          }
          const asked = command.take(command.sum ? [] : answers, i++);
          if (asked !== undefined) advance(asked);
        }
        return command.sum ? (sums ?? []) : undefined;
      }
      case "read":
        return sessions.get(command.session)!.resident;
      case "close":
        sessions.delete(command.session);
        return undefined;
      case "part":
        return advance(command.compute(undefined));
      case "block":
        blocks.push(command);
        return undefined;
      case "checkpoint":
        checkpoints.push(command);
        return undefined;
      case "progress":
        if (command.fraction !== undefined) progress.push({ fraction: command.fraction, figures: command.figures });
        return undefined;
      case "warn":
        warnings.push(command.message);
        return undefined;
      case "phase":
        return undefined;
    }
  };

  const advance = <T>(algorithm: Algorithm<T>): T => {
    let next = algorithm.next(undefined);
    while (!next.done) next = algorithm.next(answer(next.value));
    return next.value;
  };
  return { result: advance(algorithm), blocks, checkpoints, progress, warnings, counts, open: sessions.size };
};

const gather = (data: readonly Columns[], rows: Rows | undefined): readonly Tensor[] =>
  rows === undefined ? [] : rows.fields.map((name) => take(data[rows.data]![name]!, rows.at));

const take = ({ dtype, shape, data }: Tensor, at: Int32Array): Tensor => {
  const size = sizeOf(shape.slice(1));
  const out = new constructors[dtype](at.length * size);
  at.forEach((row, i) => {
    out.set(data.subarray(row * size, (row + 1) * size), i * size);
  });
  return { dtype, shape: [at.length, ...shape.slice(1)], data: out };
};
