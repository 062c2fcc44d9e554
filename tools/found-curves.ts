import type { Arrays } from "../src/execute/outcome.ts";

/** The share of the changed labels that a validation by `mislabel_detection` found, over the share of the examples that were checked. */
export interface FoundCurve {
  readonly id: string;
  readonly found: ArrayLike<number>;
}

/** The curve among a validation's arrays; undefined where it is of another kind. */
export const foundCurve = (id: string, { checked, found }: Arrays): FoundCurve | undefined =>
  checked === undefined || found === undefined ? undefined : { id, found: found.data };

const at = ({ found }: FoundCurve, percent: number): number =>
  found[Math.max(0, Math.round((percent / 100) * found.length) - 1)]!;

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

const SHOWN = [1, 2, 5, 10, 15, 20, 30, 40, 50, 75, 100];

/** Curves whose names differ only in a number at their end are repetitions: a row holds their mean, and the lowest and the highest of them. */
export const foundTable = (curves: readonly FoundCurve[]): readonly string[] => {
  const groups = [...Map.groupBy(curves, ({ id }) => id.replace(/\d+$/, ""))];
  const cell = (of: readonly FoundCurve[], percent: number): string => {
    const values = of.map((curve) => at(curve, percent));
    const range = of.length === 1 ? "" : ` (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
    return `${mean(values).toFixed(3)}${range}`;
  };
  return [
    `| checked | ${groups.map(([name, of]) => `${name}${of.length === 1 ? "" : `, mean of ${of.length}`}`).join(" | ")} |`,
    `|---|${groups.map(() => "---|").join("")}`,
    ...SHOWN.map((percent) => `| ${percent} % | ${groups.map(([, of]) => cell(of, percent)).join(" | ")} |`),
  ];
};

/** A line for each percent that is checked, a column for each curve. */
export const foundCsv = (curves: readonly FoundCurve[]): string =>
  [
    ["checked", ...curves.map(({ id }) => id)].join(","),
    ...Array.from({ length: 100 }, (_, i) =>
      [(i + 1) / 100, ...curves.map((curve) => Number(at(curve, i + 1).toFixed(6)))].join(","),
    ),
    "",
  ].join("\n");
