#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/execute/executor.hpp"
#include "harness/replay/request_record.hpp"
#include "harness/schedule/scheduler.hpp"

namespace inferbench {

// Looks on while replicas serve. Replicas have the numbers of RequestRecord::replica; a request has
// the id under which the replica knows it, which changes when its client asks again.
class StepObserver {
 public:
  virtual ~StepObserver() = default;

  // Whether each step must be seen by itself: then no strides are taken.
  virtual bool every_step() const { return false; }
  // Whether kernels of executors that compute are wanted.
  virtual bool kernels() const { return false; }

  // A request was handed over at `now` and waits.
  virtual void queued(std::int32_t replica, const Request& request, Time now) = 0;
  // A step was planned and entered the pipeline.
  struct Begun {
    std::int32_t replica;
    const BatchPlan& plan;
    const StepResult& result;
    Time begin;
    const Scheduler& scheduler;  // as of the plan
    KernelTrace kernels;         // of the step, where they are wanted and known
  };
  virtual void began(const Begun& step) = 0;
  // The oldest step in flight is over.
  virtual void ended(std::int32_t replica, std::span<const Emission> emissions, Time now) = 0;
  // The step in flight ended at ends[0] and followed itself, each time with contexts one token
  // longer: so many were over, repetition k from ends[k] on, and the last one is in flight now.
  virtual void repeated(std::int32_t replica, std::span<const Time> ends,
                        std::span<const StepTiming> repetitions) {
    (void)replica, (void)ends, (void)repetitions;
  }
  // The steps in flight are lost, and nobody hears of their end.
  virtual void lost(std::int32_t replica, Time now) = 0;
  // The request is no longer there, or was refused. What the record lacks may be added.
  virtual void left(std::int32_t replica, RequestRecord& record) = 0;
  // Its client will ask again, and the replicas will know it by another name.
  virtual void renamed(RequestId before, RequestId now) { (void)before, (void)now; }
};

// Tells several what it hears. Keeps pointers.
class StepObservers final : public StepObserver {
 public:
  void add(StepObserver& observer) { all_.push_back(&observer); }
  bool empty() const { return all_.empty(); }

  bool every_step() const override;
  bool kernels() const override;
  void queued(std::int32_t replica, const Request& request, Time now) override;
  void began(const Begun& step) override;
  void ended(std::int32_t replica, std::span<const Emission> emissions, Time now) override;
  void repeated(std::int32_t replica, std::span<const Time> ends,
                std::span<const StepTiming> repetitions) override;
  void lost(std::int32_t replica, Time now) override;
  void left(std::int32_t replica, RequestRecord& record) override;
  void renamed(RequestId before, RequestId now) override;

 private:
  std::vector<StepObserver*> all_;
};

}  // namespace inferbench
