import * as Effect from "effect/Effect";
import { UsageError } from "./exit.ts";

const BYTES: Readonly<Record<string, number>> = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };
const MILLISECONDS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

const quantity =
  (units: Readonly<Record<string, number>>, what: string, help: string) =>
  (where: string, text: string): Effect.Effect<number, UsageError> => {
    const [, amount = "", unit = ""] = /^(\d+(?:\.\d+)?) ?([A-Za-z]+)$/.exec(text) ?? [];
    const found = Math.floor(Number(amount) * (Object.hasOwn(units, unit) ? units[unit]! : 0));
    return found > 0 && Number.isSafeInteger(found)
      ? Effect.succeed(found)
      : Effect.fail(new UsageError({ message: `${where}: \`${text}\` is no ${what}`, help }));
  };

/** `512MiB`, in bytes. */
export const bytesOf = quantity(BYTES, "amount of memory", "a number above 0 with its unit: 512MiB, 1.5GiB, 900KiB");

/** `30d`, in milliseconds. */
export const durationOf = quantity(MILLISECONDS, "length of time", "a number above 0 with its unit: 30d, 12h, 2w, 90m");
