#include "harness/schedule/ranked_scheduler.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {

RankedScheduler::RankedScheduler(std::vector<std::unique_ptr<Scheduler>> ranks,
                                 std::int64_t steps_in_flight)
    : plans_(steps_in_flight) {
  ensure(!ranks.empty(), "there is an attention rank");
  for (auto& scheduler : ranks) ranks_.push_back({.scheduler = std::move(scheduler)});
}

Admission RankedScheduler::admit(const Request& request) {
  return admit_to(least_loaded(), request, false);
}

Admission RankedScheduler::admit_prefilled(const Request& request) {
  return admit_to(least_loaded(), request, true);
}

Admission RankedScheduler::admit_to(std::size_t index, const Request& request, bool prefilled) {
  Rank& rank = ranks_[index];
  const Admission admission =
      prefilled ? rank.scheduler->admit_prefilled(request) : rank.scheduler->admit(request);
  if (admission != Admission::queued) return admission;
  newest_ = index;
  ++rank.requests;
  rank.prompts += request.input;
  homes_.open(request.id, {.rank = index, .prompt = request.input});
  return admission;
}

std::size_t RankedScheduler::least_loaded() const {
  const auto load = [](const Rank& rank) { return std::pair(rank.requests, rank.prompts); };
  const auto least = std::min_element(
      ranks_.begin(), ranks_.end(),
      [&](const Rank& left, const Rank& right) { return load(left) < load(right); });
  return static_cast<std::size_t>(least - ranks_.begin());
}

void RankedScheduler::cancel(RequestId request) {
  const std::uint32_t slot = homes_.find(request);
  if (slot == IdTable::kAbsent) return;
  ranks_[homes_[slot].rank].scheduler->cancel(request);
  forget(request);
}

void RankedScheduler::forget(RequestId request) {
  const std::uint32_t slot = homes_.find(request);
  Rank& rank = ranks_[homes_[slot].rank];
  --rank.requests;
  rank.prompts -= homes_[slot].prompt;
  homes_.close(request, slot);
}

const BatchPlan& RankedScheduler::plan() {
  PlansInFlight::Entry& draft = plans_.draft();
  draft_ = &draft;
  if (plans_.full()) return draft.plan;
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    const BatchPlan& own = ranks_[r].scheduler->plan();
    draft.plan.preempted.insert(draft.plan.preempted.end(), own.preempted.begin(),
                                own.preempted.end());
    if (own.empty()) continue;
    draft.plan.kv_to_host = std::max(draft.plan.kv_to_host, own.kv_to_host);
    draft.plan.kv_from_host = std::max(draft.plan.kv_from_host, own.kv_from_host);
    for (const BatchItem& item : own.items) {
      draft.plan.items.push_back(item);
      draft.plan.items.back().rank = static_cast<std::uint16_t>(r);
    }
    draft.slots.push_back(static_cast<std::uint32_t>(r));
    draft.slots.push_back(own.step.value);
  }
  if (!draft.plan.empty()) plans_.issue();
  note_peak();
  return draft.plan;
}

std::span<const Emission> RankedScheduler::commit(StepId step, const StepResult& result) {
  emissions_.clear();
  const PlansInFlight::Entry& done = plans_.oldest(step);
  std::size_t item = 0;
  for (std::size_t i = 0; i < done.slots.size(); i += 2) {
    const std::uint32_t r = done.slots[i];
    const StepResult* own = &result;
    if (!result.accepted.empty()) own = &share_of(result, r, done.plan, item);
    const auto emitted = ranks_[r].scheduler->commit(StepId(done.slots[i + 1]), *own);
    emissions_.insert(emissions_.end(), emitted.begin(), emitted.end());
  }
  plans_.retire_oldest();
  for (const Emission& emission : emissions_) {
    if (emission.last) forget(emission.request);
  }
  return emissions_;
}

// The result of a rank's own step, whose items begin at `item`; `item` moves on behind them.
const StepResult& RankedScheduler::share_of(const StepResult& result, std::uint32_t rank,
                                            const BatchPlan& plan, std::size_t& item) {
  share_.timing = result.timing;
  share_.accepted.clear();
  for (; item < plan.items.size() && plan.items[item].rank == rank; ++item) {
    share_.accepted.push_back(result.accepted[item]);
  }
  return share_;
}

// As many as every rank in the step allows; a rank that stands idle with requests may join any
// time.
std::int64_t RankedScheduler::repeats() const {
  if (draft_ == nullptr || draft_->plan.empty()) return 0;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
  std::size_t planned = 0;
  for (std::size_t r = 0; r < ranks_.size() && most > 0; ++r) {
    const bool in_step = planned < draft_->slots.size() && draft_->slots[planned] == r;
    if (in_step) {
      planned += 2;
      most = std::min(most, ranks_[r].scheduler->repeats());
    } else if (ranks_[r].requests > 0) {
      return 0;
    }
  }
  return most;
}

void RankedScheduler::repeat(StepId step, std::int64_t times) {
  const PlansInFlight::Entry& running = plans_.oldest(step);
  for (std::size_t i = 0; i < running.slots.size(); i += 2) {
    ranks_[running.slots[i]].scheduler->repeat(StepId(running.slots[i + 1]), times);
  }
  note_peak();
}

bool RankedScheduler::newcomer_waits() const {
  return ranks_[newest_].scheduler->newcomer_waits();
}

void RankedScheduler::note_peak() {
  std::int64_t used = 0;
  for (const Rank& rank : ranks_) used += rank.scheduler->state().kv_used;
  kv_peak_used_ = std::max(kv_peak_used_, used);
}

std::span<const BlockRun> RankedScheduler::kv_blocks(RequestId request) const {
  const std::uint32_t slot = homes_.find(request);
  if (slot == IdTable::kAbsent) return {};
  return ranks_[homes_[slot].rank].scheduler->kv_blocks(request);
}

KvStats RankedScheduler::kv_stats() const {
  KvStats sum;
  for (const Rank& rank : ranks_) sum += rank.scheduler->kv_stats();
  return sum;
}

SchedulerState RankedScheduler::state() const {
  SchedulerState sum;
  for (const Rank& rank : ranks_) {
    const SchedulerState own = rank.scheduler->state();
    sum.waiting += own.waiting;
    sum.running += own.running;
    sum.kv_capacity += own.kv_capacity;
    sum.kv_used += own.kv_used;
  }
  sum.kv_peak_used = kv_peak_used_;  // of the sum: ranks do not peak together
  return sum;
}

}  // namespace inferbench
