import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { ADDON, QUIET } from "../place.ts";
import { type CommandOptions, command, type Ended } from "./command.ts";
import { InstallError } from "./error.ts";
import { QUIET_SOURCE } from "./quiet-source.ts";
import { RUNS_SOURCE } from "./runs-source.ts";

/** Where the compiler reads from, and where the two addons go. */
export interface Sources {
  /** The folder of tfjs-node-gpu's C++ sources. */
  readonly binding: string;
  /** Node's headers. */
  readonly node: string;
  /** TensorFlow's headers. */
  readonly tensorflow: string;
}

const HELP = "install g++ or clang++ (Debian: `apt-get install g++`), or name one in CXX";

/** The compiler that the user names, or the first that there is. */
export const findCompiler = Effect.fnUntraced(function* (environment: CommandOptions["environment"]) {
  const own = environment.CXX;
  const compilers = own !== undefined && own !== "" ? [own] : ["g++", "clang++", "c++"];
  for (const compiler of compilers)
    if ((yield* command(compiler, ["--version"], { environment })).code !== "missing") return compiler;
  return yield* new InstallError({
    code: "MTT5303",
    message: `there is no C++ compiler: ${compilers.join(", ")} ${compilers.length > 1 ? "are" : "is"} not found`,
    help: HELP,
  });
});

/** Builds the addon into `folder`, where the libraries lie. */
export const compile = Effect.fnUntraced(function* (
  compiler: string,
  sources: Sources,
  folder: string,
  options: CommandOptions,
) {
  yield* Effect.promise(() => writeFile(join(sources.binding, "quiet.cc"), QUIET_SOURCE));
  yield* Effect.promise(() => writeFile(join(sources.binding, "runs.cc"), RUNS_SOURCE));
  const common = [
    ...["-O2", "-shared", "-fPIC", "-std=c++17", "-DNAPI_VERSION=8"],
    ...[`-I${sources.node}`, `-I${sources.tensorflow}`],
  ];
  const libraries = [
    `-L${join(folder, "tensorflow")}`,
    ...["-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2", "-Wl,-rpath,$ORIGIN/tensorflow"],
  ];
  const run = (args: readonly string[]) => command(compiler, args, { ...options, cwd: sources.binding });
  yield* built(compiler, yield* run([...common, "quiet.cc", "-o", join(folder, QUIET), "-ldl"]));
  const addon = ["tfjs_backend.cc", "runs.cc", "-o", join(folder, ADDON)];
  yield* built(compiler, yield* run([...common, ...addon, ...libraries]));
});

const built = (compiler: string, { code, output }: Ended): Effect.Effect<void, InstallError> =>
  code === 0
    ? Effect.void
    : Effect.fail(
        new InstallError({
          code: "MTT5303",
          message: `${compiler} could not build the addon: ${firstError(output)}`,
          help: "it needs C++17: g++ 8 or clang++ 7; name another compiler in CXX",
        }),
      );

/** Compilers say the cause first. */
const firstError = (output: string): string => {
  const lines = output.trim().split("\n");
  return (lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? "").trim();
};
