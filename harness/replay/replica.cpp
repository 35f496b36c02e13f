#include "harness/replay/replica.hpp"

#include <algorithm>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

// In slots of requests that ended: the same request may come back, to another slot, and must not be
// taken for its past there.
constexpr RequestId kNobody(~std::uint32_t{0});

RequestRecord open_record(const Request& request, Time now, std::int32_t replica) {
  RequestRecord record;
  record.id = request.id;
  record.session = request.session;
  record.input = request.input;
  record.output = request.output;
  record.scheduled = request.arrival;
  record.issued = now;
  record.replica = replica;
  return record;
}

void add(StepTiming::Parts& sum, const StepTiming::Parts& parts) {
  sum.gemm += parts.gemm;
  sum.attention += parts.attention;
  sum.moe += parts.moe;
  sum.elementwise += parts.elementwise;
  sum.scale_up += parts.scale_up;
  sum.scale_out += parts.scale_out;
  sum.host += parts.host;
  sum.kv_transfer += parts.kv_transfer;
}

}  // namespace

Replica::Replica(Scheduler& scheduler, Executor& executor, int stages, std::int32_t index,
                 StepObserver* observer)
    : scheduler_(scheduler),
      executor_(executor),
      pipeline_(stages),
      index_(index),
      observer_(observer) {
  if (observer_ != nullptr && observer_->kernels()) executor_.trace_kernels(true);
}

void Replica::finish_steps(Time now, std::vector<Ended>& ended) {
  if (stride_.active()) interrupt_stride(now);
  if (computed()) end_computing();
  while (pipeline_.next_done() <= now) {
    const Pipeline::Step& step = pipeline_.leave();
    step_times_.push(now);
    const std::span<const Emission> emissions = scheduler_.commit(step.id, step.result);
    if (observer_ != nullptr) observer_->ended(index_, emissions, now);
    stamp(emissions, now, ended);
    if (step_times_.kept() >= forget_at_) forget_old_steps();
  }
}

void Replica::begin_stride(const BatchPlan& plan, Time quiet_until) {
  const Time first_done = pipeline_.next_done();
  // Where requests wait, those that come wait behind them.
  if (scheduler_.state().waiting > 0) quiet_until = kNever;
  if (first_done >= quiet_until || !executor_.foretells()) return;
  if (observer_ != nullptr && observer_->every_step()) return;
  const std::int64_t most = std::min(scheduler_.repeats(), Stride::kMost);
  if (most <= 0) return;
  executor_.foretell(plan, most, quiet_until - first_done, stride_.prepare());
  if (!stride_.active()) return;
  stride_.start(first_done);
  stride_step_ = plan.step;
  if (guesses_.size() < plan.items.size()) guesses_.resize(plan.items.size(), 0);
  for (std::size_t i = 0; i < plan.items.size(); ++i) {
    const RequestId request = plan.items[i].request;
    if (open_[guesses_[i]].id != request) guesses_[i] = open_.find(request);
  }
  stride_items_ = plan.items.size();
  stride_padding_ = 0;
  for (const BatchItem& item : plan.items) {
    stride_padding_ += static_cast<std::uint64_t>(item.padding.count());
  }
}

// The steps that are over are committed at the times foretold; the one that runs stays in flight.
// All of a stride's items emit in each of its steps, and no answer ends before its last one.
void Replica::interrupt_stride(Time now) {
  const std::size_t over = stride_.begun_before(now);
  if (over > 0) {
    scheduler_.repeat(stride_step_, static_cast<std::int64_t>(over));
    for (const Time end : stride_.ends().first(over)) step_times_.push(end);
    const StepTimes::Index first = step_times_.last() + 1 - over;
    for (std::size_t i = 0; i < stride_items_; ++i) open_[guesses_[i]].tokens.add_each(first, over);
    for (const StepTiming& timing : stride_.repetitions().first(over)) note_timing(timing);
    if (observer_ != nullptr) {
      observer_->repeated(index_, stride_.ends().first(over), stride_.repetitions().first(over));
    }
    stats_.steps += over;
    stats_.items += over * stride_items_;
    stats_.new_tokens += over * stride_items_;
    stats_.padding += over * stride_padding_;
    pipeline_.move_done(stride_.ends()[over]);
  }
  stride_.clear();
}

void Replica::stamp(std::span<const Emission> emissions, Time now, std::vector<Ended>& ended) {
  if (guesses_.size() < emissions.size()) guesses_.resize(emissions.size(), 0);
  const StepTimes::Index index = step_times_.last();
  for (std::size_t i = 0; i < emissions.size(); ++i) {
    const Emission& emission = emissions[i];
    // Who emits at a place of one commit nearly always emits there in the next one as well.
    std::uint32_t& slot = guesses_[i];
    if (open_[slot].id != emission.request) slot = open_.find(emission.request);
    open_[slot].tokens.add(index, emission.tokens.count());
    if (emission.last) end(slot, Outcome::completed, Reason::none, now, ended);
  }
}

// Looked up when the list has doubled, so that the search costs nothing per step.
void Replica::forget_old_steps() {
  StepTimes::Index oldest = step_times_.last() + 1;
  open_.for_each([&](std::uint32_t slot) {
    const TokenTimes& tokens = open_[slot].tokens;
    if (tokens.began()) oldest = std::min(oldest, tokens.first());
  });
  step_times_.forget_before(oldest);
  forget_at_ = std::max<std::size_t>(4096, 2 * step_times_.kept());
}

void Replica::submit(Request request, Time now, std::vector<Ended>& ended) {
  const Admission admission = scheduler_.admit(request);
  take(std::move(request), admission, now, ended);
}

void Replica::submit_prefilled(Request request, Time now, std::vector<Ended>& ended) {
  const Admission admission = scheduler_.admit_prefilled(request);
  take(std::move(request), admission, now, ended);
}

void Replica::take(Request request, Admission admission, Time now, std::vector<Ended>& ended) {
  const RequestId id = request.id;
  // A stride under way did not know of it.
  if (stride_.active() && admission == Admission::queued && !scheduler_.newcomer_waits()) {
    finish_steps(now, ended);
  }
  open_tokens_ += request.input;
  RequestRecord record = open_record(request, now, index_);
  const std::uint32_t slot =
      open_.open(id, {.id = id,
                      .tokens = {},
                      .ended = {.request = std::move(request), .record = std::move(record)}});
  if (admission == Admission::queued) {
    executor_.open(open_[slot].ended.request);
    if (observer_ != nullptr) observer_->queued(index_, open_[slot].ended.request, now);
  } else {
    end(slot, Outcome::rejected, Reason::too_long, now, ended);
  }
}

void Replica::start_step(const Clock& clock, Time quiet_until) {
  const Time now = clock.now();
  if (computing() || !pipeline_.accepts(now)) return;
  const BatchPlan& plan = scheduler_.plan();
  note_preemptions(plan);
  if (plan.empty()) {
    ensure(!pipeline_.empty() || open_.size() == 0, "a scheduler with requests and no step plans");
    return;
  }
  note_items(plan, now);
  if (executor_.concurrent()) {
    executor_.begin(plan);
    computing_ = {&plan, now};
    return;
  }
  enter(plan, executor_.run(plan), now);
  begin_stride(plan, quiet_until);
}

void Replica::enter(const BatchPlan& plan, StepResult result, Time begin) {
  note_timing(result.timing);
  if (!result.accepted.empty()) note_drafts(plan, result.accepted);
  if (observer_ != nullptr) {
    observer_->began({.replica = index_,
                      .plan = plan,
                      .result = result,
                      .begin = begin,
                      .scheduler = scheduler_,
                      .kernels = executor_.kernel_trace()});
  }
  pipeline_.enter(plan.step, std::move(result), begin);
}

// Waits for it where it is not over.
void Replica::end_computing() {
  const Computing step = *computing_;
  computing_.reset();
  enter(*step.plan, executor_.finish(), step.begin);
}

Time Replica::next_event(Time now) const {
  if (stride_.active()) return stride_.end();
  const Time entry = pipeline_.next_entry();
  // A stage that is free already waits for a commit or an arrival, not for time to pass.
  return entry > now ? std::min(entry, pipeline_.next_done()) : pipeline_.next_done();
}

void Replica::note_preemptions(const BatchPlan& plan) {
  for (const RequestId request : plan.preempted) {
    ++open_[open_.find(request)].ended.record.preemptions;
    ++stats_.preemptions;
  }
}

// One pass over the items, because it is part of every step.
void Replica::note_items(const BatchPlan& plan, Time now) {
  Tokens new_tokens(static_cast<std::int64_t>(plan.plain_decodes)), padding;
  unsigned starting = 0;
  for (const BatchItem& item : std::span(plan.items).subspan(plan.plain_decodes)) {
    new_tokens += item.new_tokens;
    padding += item.padding;
    starting |= static_cast<unsigned>(item.starts);
  }
  for (std::size_t i = 0; starting != 0 && i < plan.items.size(); ++i) {
    const BatchItem& item = plan.items[i];
    if (item.starts) open_[open_.find(item.request)].ended.record.admitted = now;
  }
  ++stats_.steps;
  stats_.items += plan.items.size();
  stats_.new_tokens += static_cast<std::uint64_t>(new_tokens.count());
  stats_.padding += static_cast<std::uint64_t>(padding.count());
}

void Replica::note_drafts(const BatchPlan& plan, std::span<const std::int32_t> accepted) {
  for (std::size_t i = 0; i < plan.items.size(); ++i) {
    const BatchItem& item = plan.items[i];
    if (!item.decode || item.new_tokens == Tokens(1)) continue;
    ++stats_.verified;
    stats_.drafted += static_cast<std::uint64_t>(item.new_tokens.count() - 1);
    stats_.accepted += static_cast<std::uint64_t>(accepted[i]);
  }
}

void Replica::note_timing(const StepTiming& timing) {
  stats_.busy += timing.stage;
  stats_.hidden += timing.hidden;
  add(stats_.parts, timing.parts);
}

void Replica::end(std::uint32_t slot, Outcome outcome, Reason reason, Time now,
                  std::vector<Ended>& ended) {
  Ended& request = open_[slot].ended;
  request.record.token_times = std::move(open_[slot].tokens);
  request.record.token_times.finish(step_times_);
  request.record.outcome = outcome;
  request.record.reason = reason;
  request.record.ended = now;
  open_tokens_ -= request.record.input;
  if (outcome != Outcome::rejected) executor_.close(request.record.id);
  if (observer_ != nullptr) observer_->left(index_, request.record);
  open_.close(request.record.id, slot);
  open_[slot].id = kNobody;
  ended.push_back(std::move(request));
}

void Replica::cut(Time now, std::vector<Ended>& ended) {
  if (computing()) end_computing();
  finish_steps(now, ended);
  open_.for_each(
      [&](std::uint32_t slot) { end(slot, Outcome::unfinished, Reason::cut, now, ended); });
  if (observer_ != nullptr) observer_->lost(index_, now);
}

void Replica::cancel(RequestId request, Reason reason, Time now, std::vector<Ended>& ended) {
  if (computing()) end_computing();                // the executor reads the request's text
  if (stride_.active()) finish_steps(now, ended);  // the step that runs goes on, without it
  scheduler_.cancel(request);
  end(open_.find(request), Outcome::cancelled, reason, now, ended);
}

void Replica::fail(Time now, std::vector<Ended>& ended) {
  if (computing()) end_computing();
  if (stride_.active()) finish_steps(now, ended);
  open_.for_each([&](std::uint32_t slot) {
    scheduler_.cancel(open_[slot].id);
    end(slot, Outcome::failed, Reason::replica_failed, now, ended);
  });
  // The scheduler hears that its steps are over, so that it frees what they used.
  while (!pipeline_.empty()) {
    const Pipeline::Step& step = pipeline_.leave();
    ensure(scheduler_.commit(step.id, step.result).empty(), "a cancelled request emits nothing");
  }
  pipeline_ = Pipeline(pipeline_.stages());
  if (observer_ != nullptr) observer_->lost(index_, now);
}

ReplicaStats Replica::stats() const {
  ReplicaStats stats = stats_;
  stats.scheduler = scheduler_.state();
  stats.kv = scheduler_.kv_stats();
  return stats;
}

}  // namespace inferbench
