/** One line of the table; medians, in milliseconds where the work's name says nothing else. */
export interface Row {
  readonly work: string;
  readonly backend: string;
  readonly engine: string;
  readonly ours: number;
  readonly pytorch: number | null;
  readonly jax: number | null;
  /** Ours over the faster of the others. */
  readonly ratio: number | null;
  readonly goal: number;
  readonly spread: { readonly [who: string]: Spread };
  readonly note?: string;
}

/** The middle half, and the least. */
export interface Spread {
  readonly low: number;
  readonly high: number;
  readonly best: number;
}

export const round = (x: number) => Math.round(x * 100) / 100;

const quantile = (times: readonly number[], q: number): number => {
  const sorted = times.toSorted((a, b) => a - b);
  return round(sorted[Math.round(q * (sorted.length - 1))]!);
};

export function rowOf(
  of: Pick<Row, "work" | "backend" | "engine" | "goal">,
  ours: readonly number[],
  others: { readonly [name in "pytorch" | "jax"]?: readonly number[] | undefined },
): Row {
  const { work, backend, engine, goal } = of;
  const measured = Object.entries({ ours, ...others }).flatMap(([name, times]) =>
    times === undefined ? [] : [[name, times] as const],
  );
  const median = (times: readonly number[] | undefined) => (times === undefined ? null : quantile(times, 0.5));
  const [pytorch, jax] = [median(others.pytorch), median(others.jax)];
  const faster = Math.min(pytorch ?? Number.POSITIVE_INFINITY, jax ?? Number.POSITIVE_INFINITY);
  return {
    work,
    backend,
    engine,
    ours: quantile(ours, 0.5),
    pytorch,
    jax,
    ratio: Number.isFinite(faster) ? round(quantile(ours, 0.5) / faster) : null,
    goal,
    spread: Object.fromEntries(
      measured.map(([name, times]) => [
        name,
        { low: quantile(times, 0.25), high: quantile(times, 0.75), best: quantile(times, 0) },
      ]),
    ),
  };
}

const figure = (row: Row, who: "ours" | "pytorch" | "jax"): string => {
  const spread = row.spread[who];
  return spread === undefined ? "-" : `${row[who]} (${spread.low} to ${spread.high}, ${spread.best})`;
};

const verdict = ({ ratio, goal }: Row): string => (ratio === null ? "" : ratio <= goal ? "met" : "missed");

export const showRow = (row: Row): string =>
  [
    row.work.padEnd(34),
    row.backend.padEnd(10),
    ...(["ours", "pytorch", "jax"] as const).map((who) => `${who} ${figure(row, who)}`.padEnd(36)),
    `ratio ${row.ratio ?? "-"}, goal ${row.goal} ${verdict(row)}${row.note === undefined ? "" : `; ${row.note}`}`,
  ].join(" ");

/** The command that made the results, without the places of this machine. */
export const commandSaid = (script: string, places: readonly string[]): string => {
  const said = process.argv.slice(2).filter((_, i, all) => ![all[i], all[i - 1]].some((one) => places.includes(one!)));
  return ["npm run", script, ...(said.length === 0 ? [] : ["--", ...said])].join(" ");
};

/** The text with these lines in place of those after the command's mark; what people wrote before it stays. */
export const written = (before: string, script: string, lines: readonly string[]): string => {
  const mark = `<!-- what \`npm run ${script}\` writes begins here -->`;
  return [before.split(mark)[0]!.trimEnd(), "", mark, "", ...lines, ""].join("\n");
};

export function writeResults(
  before: string,
  {
    command,
    about,
    rows,
  }: { readonly command: string; readonly about: readonly string[]; readonly rows: readonly Row[] },
): string {
  const lines = rows.map((row) =>
    [
      row.work,
      row.backend,
      ...(["ours", "pytorch", "jax"] as const).map((who) => figure(row, who)),
      row.ratio ?? "-",
      row.goal,
      [verdict(row), row.note].filter(Boolean).join("; "),
    ].join(" | "),
  );
  return written(before, "bench", [
    `\`${command}\` on ${new Date().toISOString().slice(0, 10)}:`,
    "",
    ...about.map((line) => `- ${line}`),
    "",
    "Milliseconds: median (middle half, least). Ratio: ours over the faster of the others, at most the goal.",
    "",
    "| work | backend | ours | PyTorch | JAX | ratio | goal | |",
    "|---|---|---|---|---|---|---|---|",
    ...lines.map((line) => `| ${line} |`),
  ]);
}
