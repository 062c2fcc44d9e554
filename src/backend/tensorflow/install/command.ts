import { spawn } from "node:child_process";
import * as Effect from "effect/Effect";

/** How a command ended; `missing` where there is no such command. */
export interface Ended {
  readonly code: number | "missing";
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly onLine?: (line: string) => void;
}

/** Runs a command to its end; what it printed on either stream comes back. It is ended where the effect is interrupted. */
export const command = (
  program: string,
  args: readonly string[],
  { cwd, environment, onLine }: CommandOptions,
): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const child = spawn(program, args, { cwd, env: environment, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let line = "";
    const hear = (chunk: Buffer) => {
      const text = chunk.toString();
      output += text;
      line += text;
      const lines = line.split(/[\r\n]/);
      line = lines.pop()!;
      if (onLine !== undefined) lines.forEach(onLine);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", (error: NodeJS.ErrnoException) => {
      resume(Effect.succeed({ code: error.code === "ENOENT" ? "missing" : 1, output: output + error.message }));
    });
    child.on("close", (code) => resume(Effect.succeed({ code: code ?? 1, output })));
    return Effect.sync(() => child.kill());
  });

/** The last line that says something. */
export const lastLine = (output: string): string => output.trim().split("\n").at(-1)?.trim() ?? "";
