#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "harness/schedule/plans_in_flight.hpp"
#include "harness/schedule/scheduler.hpp"
#include "harness/schedule/slots.hpp"

namespace inferbench {

// Expert parallelism: every attention rank batches its own requests in its own KV pool, and all
// ranks run their steps in lock-step because they meet in each layer's experts. One step here is
// one step, or none, of each rank; the items say which rank they belong to.
//
// A request goes to the rank with the fewest open requests, then the fewest open prompt tokens,
// then the lowest number, and stays there.
class RankedScheduler final : public Scheduler {
 public:
  // At least one rank; all alike, each with at most `steps_in_flight`.
  RankedScheduler(std::vector<std::unique_ptr<Scheduler>> ranks, std::int64_t steps_in_flight);

  Admission admit(const Request& request) override;
  Admission admit_prefilled(const Request& request) override;
  void cancel(RequestId request) override;
  const BatchPlan& plan() override;
  std::span<const Emission> commit(StepId step, const StepResult& result) override;
  SchedulerState state() const override;
  // In the pool of the request's rank.
  std::span<const BlockRun> kv_blocks(RequestId request) const override;
  KvStats kv_stats() const override;
  std::int64_t repeats() const override;
  void repeat(StepId step, std::int64_t times) override;
  bool newcomer_waits() const override;

 private:
  struct Rank {
    std::unique_ptr<Scheduler> scheduler;
    std::int64_t requests = 0;  // open
    Tokens prompts{};           // of the open requests
  };
  struct Home {
    std::size_t rank = 0;
    Tokens prompt{};
  };

  Admission admit_to(std::size_t rank, const Request& request, bool prefilled);
  std::size_t least_loaded() const;
  void forget(RequestId request);
  const StepResult& share_of(const StepResult& result, std::uint32_t rank, const BatchPlan& plan,
                             std::size_t& item);
  void note_peak();

  std::vector<Rank> ranks_;
  Slots<Home> homes_;
  PlansInFlight plans_;  // slots: for each rank with work, the rank and its own step, in pairs
  const PlansInFlight::Entry* draft_ = nullptr;  // of the latest plan
  std::vector<Emission> emissions_;
  StepResult share_;
  std::int64_t kv_peak_used_ = 0;
  std::size_t newest_ = 0;  // rank of the latest admission
};

}  // namespace inferbench
