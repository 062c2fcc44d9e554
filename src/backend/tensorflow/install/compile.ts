import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as Effect from "effect/Effect";
import { ADDON, QUIET } from "../place.ts";
import { type CommandOptions, command, type Ended } from "./command.ts";
import { InstallError } from "./error.ts";

/** Where the compiler reads from, and where the two addons go. */
export interface Sources {
  /** The folder of tfjs-node-gpu's C++ sources. */
  readonly binding: string;
  /** Node's headers. */
  readonly node: string;
  /** TensorFlow's headers. */
  readonly tensorflow: string;
}

/**
 * Loaded before the library. It keeps freed memory for the next run, which would otherwise ask the system for the same pages again. The library says a
 * line on the terminal when it is loaded, whatever it is told, and only then: loaded first through this, its standard error leads nowhere for that moment.
 * `spread` is called when the library is loaded: where it has one worker for each processor that the process may use, each worker keeps to one. Linux
 * otherwise wakes both halves of an operation on one processor, since the other one's idle moments are too short to look for work: half the speed.
 */
const QUIET_SOURCE = `
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <node_api.h>
#include <sched.h>
#include <unistd.h>
#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <vector>

static std::set<int> Threads() {
  std::set<int> ids;
  DIR *tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return ids;
  while (dirent *task = readdir(tasks))
    if (int id = atoi(task->d_name)) ids.insert(id);
  closedir(tasks);
  return ids;
}

static std::set<int> before;

// The library names all of its threads but the workers of operations.
static bool IsWorker(int id) {
  if (before.count(id) != 0) return false;
  std::string name;
  std::ifstream("/proc/self/task/" + std::to_string(id) + "/comm") >> name;
  return name.compare(0, 3, "tf_") != 0;
}

static napi_value Spread(napi_env, napi_callback_info) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return nullptr;
  std::vector<int> workers;
  for (int id : Threads())
    if (IsWorker(id)) workers.push_back(id);
  if (workers.size() != static_cast<size_t>(CPU_COUNT(&allowed))) return nullptr;
  int cpu = 0;
  for (int id : workers) {
    while (!CPU_ISSET(cpu, &allowed)) cpu++;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu++, &one);
    sched_setaffinity(id, sizeof(one), &one);
  }
  return nullptr;
}

static napi_value Init(napi_env env, napi_value exports) {
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  before = Threads();
  napi_value spread;
  if (napi_create_function(env, "spread", NAPI_AUTO_LENGTH, Spread, nullptr, &spread) == napi_ok)
    napi_set_named_property(env, exports, "spread", spread);
  Dl_info self;
  if (dladdr(reinterpret_cast<void *>(&Init), &self) == 0) return exports;
  std::string path(self.dli_fname);
  path = path.substr(0, path.rfind('/') + 1) + "tensorflow/libtensorflow_framework.so.2";
  int terminal = dup(2);
  int nowhere = open("/dev/null", O_WRONLY);
  if (terminal >= 0 && nowhere >= 0) dup2(nowhere, 2);
  // A library that does not load is loaded again by the addon, which says why.
  dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (terminal >= 0) dup2(terminal, 2);
  if (terminal >= 0) close(terminal);
  if (nowhere >= 0) close(nowhere);
  return exports;
}

NAPI_MODULE(mtt_quiet, Init)
`;

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
  const addon = ["tfjs_backend.cc", "tfjs_binding.cc", "-o", join(folder, ADDON)];
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
