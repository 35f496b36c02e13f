#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "harness/execute/cpu/cpu_executor.hpp"

namespace inferbench {

// Steps that several executors compute at the same time, for whoever waits for one of them to end.
class StepsUnderWay {
 public:
  using Deadline = std::optional<std::chrono::steady_clock::time_point>;  // nullopt: none

  void begun();
  void ended();
  // Returns false at once where none is under way and none ended since the last call; otherwise
  // true: when one has ended that no call has told of, or at the deadline.
  bool wait(Deadline deadline);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t running_ = 0, untold_ = 0;
};

// Computes steps on a thread of its own: begin() looks up what a plan needs on the caller's thread,
// where schedulers are, the rest is computed while the caller goes on. What computing throws is
// thrown by finish().
class ConcurrentExecutor final : public Executor {
 public:
  // Keeps references.
  ConcurrentExecutor(CpuExecutor& executor, StepsUnderWay& steps);
  ~ConcurrentExecutor() override;  // when the step under way is over

  StepResult run(const BatchPlan& plan) override;
  bool concurrent() const override { return true; }
  void begin(const BatchPlan& plan) override;
  bool finished() const override;
  StepResult finish() override;

  void open(const Request& request) override { executor_.open(request); }
  void close(RequestId request) override { executor_.close(request); }
  void trace_kernels(bool on) override { executor_.trace_kernels(on); }
  KernelTrace kernel_trace() const override { return executor_.kernel_trace(); }

 private:
  enum class State { idle, asked, computed };

  void work();

  CpuExecutor& executor_;
  StepsUnderWay& steps_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::idle;
  bool stop_ = false;
  StepResult result_;
  std::exception_ptr failure_;
  std::thread worker_;
};

}  // namespace inferbench
