#include "harness/measured/cpu_system.hpp"

#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/measured/replica_clock.hpp"
#include "harness/measured/wall_clock.hpp"
#include "harness/replay/longest_sequence.hpp"
#include "harness/replay/router.hpp"

namespace inferbench {
namespace {

SchedulerOptions with_hashes(SchedulerOptions limits, Tokens hash_tokens) {
  if (limits.kv.prefix_cache) limits.kv.hash_tokens = hash_tokens;
  return limits;
}

bool simulated(const CpuSetup& setup) {
  return setup.clock == ReplayClockKind::simulated;
}

}  // namespace

CpuSystem::CpuSystem(const CpuSetup& setup, Tokens hash_tokens, std::span<RankGroup* const> ranks)
    : setup_(setup), limits_(with_hashes(setup.limits, hash_tokens)) {
  const auto count = static_cast<std::size_t>(setup.replicas());
  ensure(ranks.empty() || ranks.size() == count, "ranks of each replica");
  for (std::size_t i = 0; i < count; ++i) {
    replicas_.push_back(std::make_unique<CpuReplica>(setup_, limits_, hash_tokens,
                                                     count == 1 && simulated(setup),
                                                     ranks.empty() ? nullptr : ranks[i]));
  }
  count == 1 ? stand_alone() : stand_behind_router();
  before_ = rank_activity();
}

CpuSystem::~CpuSystem() = default;

void CpuSystem::stand_alone() {
  if (simulated(setup_)) {
    clock_ = std::make_unique<SimulatedClock>();
  } else {
    auto wall = std::make_unique<WallClock>();
    start_clock_ = [clock = wall.get()] { clock->start(); };
    clock_ = std::move(wall);
  }
  engine_ = std::make_unique<Engine>(
      replicas_.front()->scheduler(), replicas_.front()->executor(), *clock_,
      EngineOptions{.stages = 1, .cut = setup_.serving.cut, .observer = setup_.serving.observer});
}

void CpuSystem::stand_behind_router() {
  auto clock = std::make_unique<ReplicaClock>(steps_, simulated(setup_));
  start_clock_ = [clock = clock.get()] { clock->start(); };
  clock_ = std::move(clock);
  std::vector<FleetMember> members;
  for (const auto& replica : replicas_) {
    executors_.push_back(std::make_unique<ConcurrentExecutor>(replica->executor(), steps_));
    members.push_back({.scheduler = &replica->scheduler(), .executor = executors_.back().get()});
  }
  router_ = make_router(setup_.serving.router, {.seed = setup_.serving.seed});
  FleetOptions options;
  options.cut = setup_.serving.cut;
  options.observer = setup_.serving.observer;
  fleet_ = std::make_unique<Fleet>(members, *router_, *clock_, std::move(options));
}

void CpuSystem::serve(RequestSource& source, RecordSink& sink) {
  LongestSequenceSource fitting(source, longest_sequence());
  if (start_clock_) start_clock_();
  engine_ ? engine_->serve(fitting, sink) : fleet_->serve(fitting, sink);
}

// The last token of an answer needs no room in the pool.
Tokens CpuSystem::longest_sequence() const {
  return std::min(limits_.context, limits_.block_tokens * limits_.kv_blocks + Tokens(1));
}

std::vector<ReplicaStats> CpuSystem::stats() const {
  return engine_ ? std::vector<ReplicaStats>{engine_->stats()} : fleet_->stats();
}

FleetActivity CpuSystem::activity() const {
  return engine_ ? FleetActivity{} : fleet_->activity();
}

std::uint64_t CpuSystem::answers_digest() const {
  std::vector<const CpuExecutor*> executors;
  for (const auto& replica : replicas_) executors.push_back(&replica->executor());
  return inferbench::answers_digest(executors);
}

std::size_t CpuSystem::weight_bytes() const {
  return replicas_.front()->weight_bytes();
}

RankActivity CpuSystem::rank_activity() {
  RankActivity now{.all_reduces = -before_.all_reduces,
                   .wire_bytes = 0,
                   .transport = replicas_.front()->ranks().transport()};
  for (const auto& replica : replicas_) {
    now.all_reduces += replica->all_reduces();
    now.wire_bytes += replica->ranks().wire_bytes();
  }
  now.wire_bytes -= before_.wire_bytes;
  return now;
}

}  // namespace inferbench
