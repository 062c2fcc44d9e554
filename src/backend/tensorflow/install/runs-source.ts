/**
 * Compiled in place of tfjs's `tfjs_binding.cc`, which it holds: the same addon with `runBeside`, a run in a lane, which is a thread of its own, whose
 * answer is a promise. tfjs's own run holds JavaScript's thread, and splits every operation over all of the library's workers, which wake each other some
 * hundred times a run; runs side by side, each wholly in its lane, do without. Node's pool of threads would serve them in turn, each with memory that the
 * caches have long forgotten.
 */
export const RUNS_SOURCE = `
#include <node_api.h>
// Its registration is left out, so that this file's takes its place.
#undef NAPI_MODULE
#define NAPI_MODULE(name, init)
#include "tfjs_binding.cc"

#include <sched.h>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include "tensorflow/c/c_api_internal.h"
#include "tensorflow/core/platform/denormal.h"
#include "tensorflow/core/public/session.h"

namespace tfnodejs {
namespace {

// tfjs keeps its sessions to itself. Access is not asked about in an explicit instantiation ([temp.spec] of the standard), which may hand out the member.
using Sessions = std::unordered_map<int32_t, std::pair<TF_Session *, TF_Graph *>>;
Sessions &SessionsOf(TFJSBackend &);
template <Sessions TFJSBackend::*sessions>
struct Reach {
  friend Sessions &SessionsOf(TFJSBackend &backend) { return backend.*sessions; }
};
template struct Reach<&TFJSBackend::tf_savedmodel_map_>;

// Work of an operation goes on where it is.
class OneThread : public tensorflow::thread::ThreadPoolInterface {
 public:
  void Schedule(std::function<void()> work) override { work(); }
  int NumThreads() const override { return 1; }
  int CurrentThreadId() const override { return -1; }
};

// Memory of a typed array, which Node neither moves nor frees while the run refers to it.
struct Memory {
  char *data;
  size_t bytes;
};

struct Feed {
  std::string name;
  tensorflow::DataType type;
  tensorflow::TensorShape shape;
  Memory from;
};

// Answers that are added up in the order of their turns, whichever run ends first: one that ends early leaves its answers to that whose turn it is.
struct Turns {
  std::mutex mutex;
  int64_t next = 0;
  std::map<int64_t, std::vector<tensorflow::Tensor>> early;

  void Add(int64_t turn, std::vector<tensorflow::Tensor> answers, const std::vector<Memory> &sums) {
    // As JavaScript adds.
    tensorflow::port::ScopedDontFlushDenormal keep;
    std::lock_guard<std::mutex> lock(mutex);
    early.emplace(turn, std::move(answers));
    for (auto one = early.begin(); one != early.end() && one->first == next; one = early.erase(one), next++)
      for (size_t i = 0; i < sums.size(); i++) {
        double *sum = reinterpret_cast<double *>(sums[i].data);
        auto answer = one->second[i].flat<float>();
        const float *values = answer.data();
        for (int64_t j = 0; j < answer.size(); j++) sum[j] += values[j];
      }
  }
};

struct Run {
  tensorflow::Session *session;
  std::vector<Feed> feeds;
  std::vector<std::string> fetches;
  std::vector<Memory> outputs;
  // Where the outputs are sums.
  std::shared_ptr<Turns> turns;
  int64_t turn = 0;
  std::string fault;
  napi_ref held = nullptr;
  napi_deferred deferred = nullptr;
  napi_threadsafe_function done = nullptr;
};

// In a lane: no JavaScript here.
std::string Compute(Run &run) {
  std::vector<std::pair<std::string, tensorflow::Tensor>> feeds;
  for (const Feed &feed : run.feeds) {
    tensorflow::Tensor tensor(feed.type, feed.shape);
    if (!tensor.IsInitialized()) return "there is no memory for " + feed.name + ", " + std::to_string(feed.from.bytes) + " bytes";
    if (tensor.tensor_data().size() != feed.from.bytes)
      return feed.name + " is fed " + std::to_string(feed.from.bytes) + " bytes for a value of " + feed.shape.DebugString();
    std::memcpy(const_cast<char *>(tensor.tensor_data().data()), feed.from.data, feed.from.bytes);
    feeds.emplace_back(feed.name, std::move(tensor));
  }
  static OneThread one;
  tensorflow::RunOptions options;
  // Below zero: operations follow each other on the thread that calls.
  options.set_inter_op_thread_pool(-1);
  tensorflow::thread::ThreadPoolOptions pools;
  pools.intra_op_threadpool = &one;
  std::vector<tensorflow::Tensor> answers;
  absl::Status status = run.session->Run(options, feeds, run.fetches, {}, &answers, nullptr, pools);
  if (!status.ok()) return std::string(status.message());
  // Sums are float64, and their terms float32.
  size_t wider = run.turns ? sizeof(double) / sizeof(float) : 1;
  for (size_t i = 0; i < run.outputs.size(); i++) {
    size_t bytes = answers[i].tensor_data().size();
    if (bytes * wider != run.outputs[i].bytes || (run.turns && answers[i].dtype() != tensorflow::DT_FLOAT))
      return run.fetches[i] + " has " + std::to_string(bytes) + " bytes, and its place " + std::to_string(run.outputs[i].bytes);
  }
  if (run.turns) {
    run.turns->Add(run.turn, std::move(answers), run.outputs);
    return "";
  }
  for (size_t i = 0; i < run.outputs.size(); i++)
    std::memcpy(run.outputs[i].data, answers[i].tensor_data().data(), run.outputs[i].bytes);
  return "";
}

// On JavaScript's thread.
void Settle(napi_env env, napi_value, void *, void *data) {
  std::unique_ptr<Run> run(static_cast<Run *>(data));
  // Node is ending.
  if (env == nullptr) return;
  napi_delete_reference(env, run->held);
  napi_value value;
  if (run->fault.empty()) {
    napi_get_undefined(env, &value);
    napi_resolve_deferred(env, run->deferred, value);
  } else {
    napi_value message;
    napi_create_string_utf8(env, run->fault.data(), run->fault.size(), &message);
    napi_create_error(env, nullptr, message, &value);
    napi_reject_deferred(env, run->deferred, value);
  }
}

class Lanes {
 public:
  // As many as the first call says. Where each processor has one, each keeps to its own.
  static Lanes &Of(uint32_t count) {
    static std::once_flag once;
    std::call_once(once, [count] { all_ = new Lanes(count); });
    return *all_;
  }

  // Waits for what is under way; what waits is not begun. Before a process takes down what the library has made, which nothing else waits for.
  static void End() {
    if (all_ == nullptr) return;
    {
      std::lock_guard<std::mutex> lock(all_->mutex_);
      all_->ending_ = true;
      all_->some_.notify_all();
    }
    for (std::thread &thread : all_->threads_)
      if (thread.joinable()) thread.join();
  }

  void Add(Run *run) {
    std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(run);
    some_.notify_one();
  }

 private:
  explicit Lanes(uint32_t count) {
    std::vector<int> own;
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0 && CPU_COUNT(&allowed) == static_cast<int>(count))
      for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed)) own.push_back(cpu);
    for (uint32_t i = 0; i < count; i++) threads_.emplace_back(&Lanes::Work, this, own.empty() ? -1 : own[i]);
  }

  void Work(int cpu) {
    if (cpu >= 0) {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(cpu, &one);
      sched_setaffinity(0, sizeof(one), &one);
    }
    // As the library's own workers: results are the same wherever they are computed.
    tensorflow::port::ScopedFlushDenormal flush;
    for (;;) {
      Run *run;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        some_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
        if (ending_) return;
        run = waiting_.front();
        waiting_.pop_front();
      }
      try {
        run->fault = Compute(*run);
      } catch (const std::exception &error) {
        run->fault = error.what();
      }
      napi_threadsafe_function done = run->done;
      napi_status status = napi_call_threadsafe_function(done, run, napi_tsfn_nonblocking);
      if (status != napi_ok) delete run;
      // Of one that is closing nothing may be touched.
      if (status != napi_closing) napi_release_threadsafe_function(done, napi_tsfn_release);
    }
  }

  static Lanes *all_;
  std::mutex mutex_;
  std::condition_variable some_;
  std::deque<Run *> waiting_;
  std::vector<std::thread> threads_;
  bool ending_ = false;
};
Lanes *Lanes::all_ = nullptr;

std::vector<std::string> Names(const std::string &joined) {
  std::vector<std::string> names;
  for (size_t from = 0; from < joined.size();) {
    size_t to = std::min(joined.find(',', from), joined.size());
    names.push_back(joined.substr(from, to - from));
    from = to + 1;
  }
  return names;
}

bool MemoryOf(napi_env env, napi_value arrays, uint32_t i, Memory *memory) {
  napi_value array, buffer;
  napi_typedarray_type type;
  size_t length, offset;
  void *data;
  if (napi_get_element(env, arrays, i, &array) != napi_ok) return false;
  if (napi_get_typedarray_info(env, array, &type, &length, &data, &buffer, &offset) != napi_ok) return false;
  size_t width = type == napi_float64_array ? 8 : type == napi_float32_array || type == napi_int32_array ? 4 : type == napi_uint8_array ? 1 : 0;
  *memory = {static_cast<char *>(data), length * width};
  return width != 0;
}

bool FeedOf(napi_env env, napi_value types, napi_value shapes, napi_value arrays, uint32_t i, Feed *feed) {
  napi_value type, shape, size;
  int32_t code;
  uint32_t rank;
  int64_t length;
  if (!MemoryOf(env, arrays, i, &feed->from)) return false;
  if (napi_get_element(env, types, i, &type) != napi_ok || napi_get_value_int32(env, type, &code) != napi_ok) return false;
  feed->type = static_cast<tensorflow::DataType>(code);
  if (napi_get_element(env, shapes, i, &shape) != napi_ok || napi_get_array_length(env, shape, &rank) != napi_ok) return false;
  for (uint32_t d = 0; d < rank; d++) {
    if (napi_get_element(env, shape, d, &size) != napi_ok || napi_get_value_int64(env, size, &length) != napi_ok) return false;
    feed->shape.AddDim(length);
  }
  return true;
}

// turns(): runs that have it count from 0, and add their answers to the outputs, which then are Float64Arrays.
napi_value NewTurns(napi_env env, napi_callback_info) {
  napi_value turns;
  auto *held = new std::shared_ptr<Turns>(new Turns);
  auto drop = [](napi_env, void *data, void *) { delete static_cast<std::shared_ptr<Turns> *>(data); };
  if (napi_create_external(env, held, drop, nullptr, &turns) == napi_ok) return turns;
  delete held;
  napi_throw_error(env, nullptr, "there is no memory for turns");
  return nullptr;
}

// runBeside(session, feeds' names, types, shapes, arrays, fetches, outputs, lanes, turns?, turn?): the outputs' memory is written before the promise is kept;
// that of sums, before the promises of all turns up to this one are.
napi_value RunBeside(napi_env env, napi_callback_info info) {
  size_t count = 10;
  napi_value args[10];
  int32_t id;
  uint32_t lanes;
  std::string feeds, fetches;
  auto run = std::make_unique<Run>();
  auto wrong = [&](const char *what) {
    napi_throw_type_error(env, nullptr, what);
    return nullptr;
  };
  if (napi_get_cb_info(env, info, &count, args, nullptr, nullptr) != napi_ok || (count != 8 && count != 10)) return wrong("runBeside takes 8 arguments, or 10");
  if (napi_get_value_int32(env, args[0], &id) != napi_ok) return wrong("a session is a number");
  TFJSBackend *backend = GetTFJSBackend(env);
  if (backend == nullptr) return wrong("the library is not loaded");
  Sessions &sessions = SessionsOf(*backend);
  auto entry = sessions.find(id);
  if (entry == sessions.end()) return wrong("there is no such session");
  run->session = entry->second.first->session;
  if (GetStringParam(env, args[1], feeds) != napi_ok || GetStringParam(env, args[5], fetches) != napi_ok) return wrong("names are joined by commas");
  for (const std::string &name : Names(feeds)) {
    Feed feed{name};
    if (!FeedOf(env, args[2], args[3], args[4], run->feeds.size(), &feed)) return wrong("a feed has a type, a shape and an array");
    run->feeds.push_back(std::move(feed));
  }
  run->fetches = Names(fetches);
  uint32_t outputs;
  if (napi_get_array_length(env, args[6], &outputs) != napi_ok || outputs > run->fetches.size()) return wrong("an output is one of the fetches");
  run->outputs.resize(outputs);
  for (uint32_t i = 0; i < outputs; i++)
    if (!MemoryOf(env, args[6], i, &run->outputs[i])) return wrong("an output is a typed array");
  if (napi_get_value_uint32(env, args[7], &lanes) != napi_ok || lanes == 0) return wrong("there is a lane");
  if (count == 10) {
    void *turns;
    if (napi_get_value_external(env, args[8], &turns) != napi_ok || napi_get_value_int64(env, args[9], &run->turn) != napi_ok)
      return wrong("a run in turn has its turns and a number");
    run->turns = *static_cast<std::shared_ptr<Turns> *>(turns);
  }

  napi_value promise, name, held;
  napi_create_array_with_length(env, 2, &held);
  napi_set_element(env, held, 0, args[4]);
  napi_set_element(env, held, 1, args[6]);
  napi_create_string_utf8(env, "mtt:run", NAPI_AUTO_LENGTH, &name);
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, Settle, &run->done) != napi_ok)
    return wrong("a run cannot be waited for");
  if (napi_create_reference(env, held, 1, &run->held) != napi_ok || napi_create_promise(env, &run->deferred, &promise) != napi_ok) {
    napi_release_threadsafe_function(run->done, napi_tsfn_abort);
    return wrong("a run cannot be waited for");
  }
  Lanes::Of(lanes).Add(run.release());
  return promise;
}

napi_value EndLanes(napi_env, napi_callback_info) {
  Lanes::End();
  return nullptr;
}

napi_value Init(napi_env env, napi_value exports) {
  exports = InitTFNodeJSBinding(env, exports);
  if (exports == nullptr) return exports;
  napi_property_descriptor own[] = {
      {"runBeside", nullptr, RunBeside, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"turns", nullptr, NewTurns, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
      {"endLanes", nullptr, EndLanes, nullptr, nullptr, nullptr, napi_enumerable, nullptr},
  };
  napi_define_properties(env, exports, 3, own);
  return exports;
}

}  // namespace
}  // namespace tfnodejs

NAPI_MODULE_INIT() { return tfnodejs::Init(env, exports); }
`;
