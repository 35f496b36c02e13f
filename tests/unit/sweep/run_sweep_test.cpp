#include "harness/sweep/run_sweep.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace inferbench {
namespace {

// Throughput is the chunk size; counts how often it was asked.
class Counting final : public SweepMethod {
 public:
  std::string name() const override { return "counting"; }
  SweepPoint evaluate(const SweepTask& task) const override {
    ++asked;
    SweepPoint p{.task = task};
    p.fits = true, p.tps_gpu = static_cast<double>(task.chunk.count());
    return p;
  }
  mutable std::atomic<std::size_t> asked{0};
};

std::vector<SweepTask> hundred_tasks() {
  std::vector<ParallelConfig> configs(10);
  for (std::size_t i = 0; i < configs.size(); ++i) configs[i].tp = static_cast<std::int64_t>(i + 1);
  std::vector<Tokens> chunks;
  for (std::int64_t c = 1; c <= 10; ++c) chunks.emplace_back(c * 128);
  return sweep_tasks(configs, chunks);
}

TEST(RunSweep, PointsComeInTheOrderOfTheTasks) {
  const auto tasks = hundred_tasks();
  const SweepResult result = run_sweep(Counting(), tasks, {.threads = 4});
  ASSERT_EQ(result.points.size(), tasks.size());
  EXPECT_FALSE(result.partial());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    EXPECT_EQ(result.points[i].task.parallel, tasks[i].parallel);
    EXPECT_EQ(result.points[i].task.chunk, tasks[i].chunk);
  }
}

TEST(RunSweep, StoppedAndResumedEqualsUninterrupted) {
  const auto tasks = hundred_tasks();
  const Counting method;
  const SweepResult half =
      run_sweep(method, tasks, {.threads = 1, .stop = [&] { return method.asked >= 40; }});
  EXPECT_TRUE(half.partial());
  EXPECT_EQ(half.points.size() + half.unfinished.size(), tasks.size());
  const std::size_t before = method.asked;
  const SweepResult whole = run_sweep(method, tasks, {.threads = 2}, half.points);
  EXPECT_EQ(method.asked - before, half.unfinished.size()) << "finished points are not redone";
  ASSERT_EQ(whole.points.size(), tasks.size());
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    EXPECT_EQ(whole.points[i].task.parallel, tasks[i].parallel);
  }
}

TEST(RunSweep, ProgressCountsUpToAll) {
  std::size_t last = 0;
  run_sweep(Counting(), hundred_tasks(),
            {.threads = 3, .progress = [&](std::size_t done, std::size_t all) {
               EXPECT_EQ(done, last + 1);
               EXPECT_EQ(all, 100U);
               last = done;
             }});
  EXPECT_EQ(last, 100U);
}

}  // namespace
}  // namespace inferbench
