import type { Json } from "../plan/json.ts";

/** A figure as people read it: whole numbers in groups of three, others to five digits. */
export const showNumber = (value: number): string =>
  Number.isInteger(value)
    ? value.toLocaleString("en")
    : Math.abs(value) >= 1e-4 && Math.abs(value) < 1e7
      ? String(Number(value.toPrecision(5)))
      : value.toExponential(3);

/** Any plain value in a cell of a table. */
export const showValue = (value: Json): string =>
  typeof value === "number"
    ? showNumber(value)
    : typeof value === "string"
      ? value
      : typeof value === "boolean"
        ? value
          ? "yes"
          : "no"
        : JSON.stringify(value);

export const showSeconds = (seconds: number): string =>
  seconds < 120 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;

export const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6).toLocaleString("en-US")} MB`;
