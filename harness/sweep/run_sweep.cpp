#include "harness/sweep/run_sweep.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>

#include "harness/base/parallel_for.hpp"

namespace inferbench {
namespace {

using TaskKey = std::tuple<ParallelConfig, Tokens, double>;

TaskKey key(const SweepTask& task) {
  return {task.parallel, task.chunk, task.load};
}

}  // namespace

std::vector<SweepTask> sweep_tasks(const std::vector<ParallelConfig>& configs,
                                   const std::vector<Tokens>& chunks) {
  std::vector<SweepTask> tasks;
  tasks.reserve(configs.size() * chunks.size());
  for (const ParallelConfig& config : configs) {
    for (const Tokens chunk : chunks) tasks.push_back({.parallel = config, .chunk = chunk});
  }
  return tasks;
}

SweepResult run_sweep(const SweepMethod& method, const std::vector<SweepTask>& tasks,
                      const SweepRun& run, const std::vector<SweepPoint>& finished) {
  std::map<TaskKey, const SweepPoint*> known;
  for (const SweepPoint& point : finished) known.emplace(key(point.task), &point);

  std::vector<std::optional<SweepPoint>> slots(tasks.size());
  std::mutex mutex;
  std::size_t done = 0;
  parallel_for(
      tasks.size(), run.threads,
      [&](std::size_t i) {
        const auto held = known.find(key(tasks[i]));
        slots[i] = held != known.end() ? *held->second : method.evaluate(tasks[i]);
        if (!run.progress) return;
        const std::lock_guard lock(mutex);
        run.progress(++done, tasks.size());
      },
      run.stop);

  SweepResult result;
  result.points.reserve(tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (slots[i]) {
      result.points.push_back(std::move(*slots[i]));
    } else {
      result.unfinished.push_back(tasks[i]);
    }
  }
  return result;
}

}  // namespace inferbench
