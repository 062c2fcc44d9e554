import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** A folder of Python packages beside this file, and the list of them. */
export interface Packages {
  readonly folder: string;
  readonly list: string;
}

export const packages = {
  training: { folder: ".venv", list: "requirements.txt" },
  influence: { folder: ".venv-influence", list: "requirements-influence.txt" },
} as const satisfies Readonly<Record<string, Packages>>;

export const pythonOf = ({ folder }: Packages): string => join(import.meta.dirname, folder, "bin/python");

/** A Python process that answers each request, a line of JSON, with another. */
export interface Rival {
  readonly version: string;
  readonly ask: (request: object) => Promise<Readonly<Record<string, unknown>>>;
  readonly stop: () => void;
}

/** Ends the bench where it cannot run: a table without one of the others says less than it seems to. */
export async function startRival(
  name: string,
  of: {
    readonly script: string;
    readonly packages: Packages;
    readonly threads: number;
    readonly args: readonly string[];
    /** The bench's command. */
    readonly bench: string;
  },
): Promise<Rival> {
  const { folder, list } = of.packages;
  const fail = (why: string): never => {
    console.error(
      `${name} cannot run: ${why}\n` +
        `help: python3 -m venv bench/${folder} && bench/${folder}/bin/pip install -r bench/${list}\n` +
        `      or leave it out: npm run ${of.bench} -- --without ${name}`,
    );
    process.exit(2);
  };
  const python = pythonOf(of.packages);
  if (!existsSync(python)) return fail(`there is no bench/${folder}`);
  const args = [join(import.meta.dirname, of.script), String(of.threads), ...of.args];
  const child: ChildProcessWithoutNullStreams = spawn(python, args, {
    env: { ...process.env, OMP_NUM_THREADS: String(of.threads) },
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Readonly<Record<string, unknown>>> => {
    const { value, done } = await lines.next();
    return done ? fail(errors.trim().split("\n").at(-1) ?? "it ended") : JSON.parse(value);
  };
  const { version } = await next();
  return {
    version: String(version),
    ask: (request) => {
      child.stdin.write(`${JSON.stringify(request)}\n`);
      return next();
    },
    stop: () => child.kill(),
  };
}

/** Numbers of an answer. */
export const numbersAt = (answer: Readonly<Record<string, unknown>>, name: string): readonly number[] => {
  const found = answer[name];
  if (Array.isArray(found) && found.every((one) => typeof one === "number")) return found;
  throw new TypeError(`an answer without ${name}: ${JSON.stringify(answer)}`);
};
