/**
 * Loaded before the library. It keeps freed memory for the next run, which would otherwise ask the system for the same pages again. The library says a
 * line on the terminal when it is loaded, whatever it is told, and only then: loaded first through this, its standard error leads nowhere for that moment.
 * `spread` is called when the library is loaded: where it has one worker for each processor that the process may use, each worker keeps to one. Linux
 * otherwise wakes both halves of an operation on one processor, since the other one's idle moments are too short to look for work: half the speed.
 */
export const QUIET_SOURCE = `
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
