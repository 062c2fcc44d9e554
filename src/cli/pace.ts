import type { Figures } from "../execute/events.ts";

/** What is counted a second, as it is called. */
const rates = {
  step: "steps",
  examples: "examples",
  iteration: "iterations",
  batch: "batches",
  vector: "vectors",
  row: "rows",
  factored: "rows",
  tests: "tests",
  retrained: "trainings",
} as const;
const isRate = (name: string): name is keyof typeof rates => Object.hasOwn(rates, name);

/** Milliseconds of the way that the time left is judged by. */
const WINDOW = 20_000;

/** How fast a step goes: since when what has been counted, and how far it was when. */
export class Pace {
  readonly #counts = new Map<string, { readonly from: number; readonly since: number; last: number }>();
  /** Of the last seconds: some ways grow slower as they go on. */
  readonly #way: { readonly fraction: number; readonly at: number }[] = [];

  add(fraction: number, figures: Figures, now: number): void {
    for (const [name, count] of Object.entries(figures)) {
      if (!isRate(name) || typeof count !== "number") continue;
      const known = this.#counts.get(name);
      if (known === undefined || count < known.last) this.#counts.set(name, { from: count, since: now, last: count });
      else known.last = count;
    }
    const last = this.#way.at(-1);
    if (last !== undefined && fraction < last.fraction) this.#way.length = 0;
    this.#way.push({ fraction, at: now });
    while (this.#way.length > 2 && now - this.#way[1]!.at > WINDOW) this.#way.shift();
  }

  /** `103 steps/s`, of what was counted first. */
  rate(figures: Figures, now: number): string | undefined {
    const name = Object.keys(rates).find((one) => typeof figures[one] === "number");
    const count = name === undefined ? undefined : this.#counts.get(name);
    if (name === undefined || !isRate(name) || count === undefined || count.last === count.from) return undefined;
    const rate = ((count.last - count.from) * 1000) / (now - count.since);
    return `${rate < 10 ? rate.toFixed(1) : Math.round(rate)} ${rates[name]}/s`;
  }

  /** `1m20s left`; nothing while nobody can know. */
  left(now: number): string {
    const [first, last] = [this.#way[0], this.#way.at(-1)];
    if (first === undefined || last === undefined || last.fraction <= first.fraction || last.fraction >= 1) return "";
    const milliseconds =
      ((1 - last.fraction) * (last.at - first.at)) / (last.fraction - first.fraction) - (now - last.at);
    return `${duration(Math.max(0, Math.round(milliseconds / 1000)))} left`;
  }
}

/** `40s`, `1m20s`, `2h05m`. */
const duration = (seconds: number): string => {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const two = (value: number): string => String(value).padStart(2, "0");
  if (hours > 0) return `${hours}h${two(minutes)}m`;
  return minutes > 0 ? `${minutes}m${two(seconds % 60)}s` : `${seconds}s`;
};
