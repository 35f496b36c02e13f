#include "harness/schedule/paged_scheduler.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {

PagedScheduler::PagedScheduler(const SchedulerOptions& options)
    : options_(options),
      pool_(options.kv_blocks, options.block_tokens, options.kv),
      plans_(options.steps_in_flight) {
  check_options(options);
}

// The last token of an answer is never attended to, so its keys and values need no room.
Admission PagedScheduler::admit(const Request& request) {
  ensure(request.input >= Tokens(1) && request.max_output >= Tokens(1),
         "a request has a prompt and an answer");
  return queue(request, make_sequence(request, order_of(request)));
}

Admission PagedScheduler::admit_prefilled(const Request& request) {
  ensure(request.input >= Tokens(1) && request.output >= Tokens(2),
         "a prefilled request has a prompt and more answer to come");
  Sequence sequence = make_sequence(request, order_of(request));
  sequence.known += Tokens(1);
  sequence.arrives_decoding = true;
  const Admission admission = queue(request, sequence);
  if (admission == Admission::queued) set_arriving(newest_, request.input);
  return admission;
}

QueueOrder PagedScheduler::order_of(const Request& request) {
  const std::uint64_t admission = admissions_++;
  return {.key = queue_key(request, admission), .admission = admission};
}

std::int64_t PagedScheduler::queue_key(const Request& /*request*/,
                                       std::uint64_t /*admission*/) const {
  return 0;
}

Admission PagedScheduler::queue(const Request& request, const Sequence& sequence) {
  const bool outgrows_pool = pool_.blocks_for(sequence.longest - Tokens(1)) > pool_.capacity();
  const bool outgrows_model = options_.context > Tokens(0) && sequence.longest > options_.context;
  if (outgrows_pool || outgrows_model) return Admission::rejected_too_long;
  newest_ = sequences_.open(sequence.id, sequence);
  if (arriving(newest_) > Tokens(0)) arriving_[newest_] = Tokens(0);
  insert(waiting_, newest_);
  pool_.open(newest_, request);
  return Admission::queued;
}

void PagedScheduler::cancel(RequestId request) {
  const Slot slot = sequences_.find(request);
  if (slot == IdTable::kAbsent || sequences_[slot].cancelled) return;
  erase(waiting_, slot);
  erase(prompts_, slot);
  erase(decoding_, slot);
  if (sequences_[slot].steps_in_flight == 0) {
    close(slot);
  } else {
    sequences_[slot].cancelled = true;
    ++cancelled_in_flight_;
  }
}

const BatchPlan& PagedScheduler::plan() {
  draft_ = &plans_.draft();
  if (plans_.full()) return draft_->plan;
  budget_ = options_.step_tokens;
  fill();
  if (draft_->plan.empty()) return draft_->plan;
  // What moved for a step that found nothing to run is carried by the next one that does.
  draft_->plan.kv_to_host = pool_.take_to_host();
  draft_->plan.kv_from_host = pool_.take_from_host();
  pool_.note_usage(filled_);
  plans_.issue();
  return draft_->plan;
}

// One of the two loops, with add_decodes, that a replay spends its time in: decodes that go on take
// the short way through it.
std::span<const Emission> PagedScheduler::commit(StepId step, const StepResult& result) {
  const PlansInFlight::Entry& done = plans_.oldest(step);
  const std::size_t items = done.slots.size();
  emissions_.resize(items);
  Emission* emission = emissions_.data();
  const bool drafts = options_.draft_tokens > Tokens(0);
  std::size_t first = 0;
  for (; first < done.plan.plain_decodes; ++first) {
    const Slot slot = done.slots[first];
    Sequence& sequence = sequences_[slot];
    --sequence.steps_in_flight;
    if (sequence.cancelled) {
      finish_cancellation(slot);
      continue;
    }
    sequence.known += Tokens(1);
    emission->request = sequence.id;
    emission->tokens = Tokens(1);
    emission->last = sequence.known == sequence.answer_end;
    ++emission;
    if (sequence.known == sequence.answer_end) turn(slot);
  }
  for (std::size_t i = first; i < items; ++i) {
    const Slot slot = done.slots[i];
    Sequence& sequence = sequences_[slot];
    --sequence.steps_in_flight;
    if (sequence.cancelled) {
      finish_cancellation(slot);
    } else if (done.plan.items[i].emits) {
      Tokens tokens(1);
      if (drafts) {
        const std::int32_t accepted = result.accepted.empty() ? 0 : result.accepted[i];
        tokens = verified(slot, done.plan.items[i], accepted);
      }
      sequence.known += tokens;
      emission->request = sequence.id;
      emission->tokens = tokens;
      emission->last = sequence.known == sequence.answer_end;
      ++emission;
      if (sequence.known == sequence.answer_end || !sequence.decoding) turn(slot);
    }
  }
  emissions_.resize(static_cast<std::size_t>(emission - emissions_.data()));
  plans_.retire_oldest();
  return emissions_;
}

void PagedScheduler::finish_cancellation(Slot slot) {
  if (sequences_[slot].steps_in_flight > 0) return;
  close(slot);
  --cancelled_in_flight_;
}

// A prompt starts to decode, or an answer is complete.
void PagedScheduler::turn(Slot slot) {
  Sequence& sequence = sequences_[slot];
  if (sequence.known == sequence.answer_end) {
    erase(sequence.decoding ? decoding_ : prompts_, slot);
    close(slot);
    return;
  }
  sequence.decoding = true;
  erase(prompts_, slot);
  insert(decoding_, slot);
}

void PagedScheduler::close(Slot slot) {
  const Sequence& sequence = sequences_[slot];
  ensure(sequence.steps_in_flight == 0, "a request that ends is in no step");
  if (sequence.decoding && !sequence.started) --unplanned_arrivals_;
  filled_ -= sequence.computed;
  pool_.close(slot, sequence.computed);
  sequences_.close(sequences_[slot].id, slot);
}

void PagedScheduler::add(Slot slot, Tokens tokens) {
  Sequence& sequence = sequences_[slot];
  if (sequence.decoding && !sequence.started) --unplanned_arrivals_;
  draft_->plan.items.push_back({.request = sequence.id,
                                .context = sequence.computed,
                                .new_tokens = tokens,
                                .decode = sequence.decoding,
                                .emits = sequence.computed + tokens == sequence.known,
                                .starts = !sequence.started});
  draft_->slots.push_back(slot);
  sequence.started = true;
  sequence.computed += tokens;
  filled_ += tokens;
  ++sequence.steps_in_flight;
  budget_ -= tokens;
  if (!sequence.decoding) pool_.note_computed(slot, sequence.computed);
}

void PagedScheduler::add_decodes() {
  const auto pipeline = static_cast<std::size_t>(options_.steps_in_flight);
  const std::size_t share = std::min((decoding_.size() + pipeline - 1) / pipeline,
                                     static_cast<std::size_t>(budget_.count()));
  // Written through pointers: growing vectors item by item takes longer than the items.
  std::vector<BatchItem>& items = draft_->plan.items;
  std::vector<Slot>& slots = draft_->slots;
  const std::size_t before = items.size();
  items.resize(before + share);
  slots.resize(before + share);
  std::size_t taken = before;
  for (std::size_t i = 0; i < decoding_.size() && taken < before + share; ++i) {
    const Slot slot = decoding_[i];
    Sequence& sequence = sequences_[slot];
    if (sequence.computed >= sequence.known) continue;  // its token is in flight
    // grow() may preempt younger sequences, which stand further right, or this one as the last.
    if (sequence.known > sequence.room && !grow(slot)) continue;
    // Field by field: a temporary written in bytes and copied in words stalls the store buffer.
    BatchItem& item = items[taken];
    item.request = sequence.id;
    item.context = sequence.computed;
    item.new_tokens = Tokens(1);
    item.decode = item.emits = true;
    slots[taken++] = slot;
    sequence.computed = sequence.known;
    ++sequence.steps_in_flight;
  }
  items.resize(taken);
  slots.resize(taken);
  const Tokens added(static_cast<std::int64_t>(taken - before));
  filled_ += added;
  budget_ -= added;
  const bool plain = before == 0 && options_.draft_tokens == Tokens(0) && unplanned_arrivals_ == 0;
  if (plain) draft_->plan.plain_decodes = taken;
  if (options_.draft_tokens > Tokens(0)) add_drafts(before);
  if (unplanned_arrivals_ > 0) note_arrivals(before);
}

// Of requests whose prompt arrived computed, the first decode is the first work. Kept out of the
// loop above because few requests are of this kind.
void PagedScheduler::note_arrivals(std::size_t first_item) {
  for (std::size_t i = first_item; i < draft_->slots.size(); ++i) {
    Sequence& sequence = sequences_[draft_->slots[i]];
    if (sequence.started) continue;
    sequence.started = draft_->plan.items[i].starts = true;
    --unplanned_arrivals_;
  }
}

void PagedScheduler::add_prompt_chunks() {
  for (const Slot slot : prompts_) {
    if (budget_ == Tokens(0)) return;
    const Tokens chunk = std::min(sequences_[slot].left(), budget_);
    if (chunk > Tokens(0)) add(slot, chunk);
  }
}

bool PagedScheduler::start_oldest_waiting(Tokens tokens, std::int64_t keep_free) {
  const Slot slot = waiting_.front();
  Sequence& sequence = sequences_[slot];
  if (pool_.contiguous()) tokens = std::max(tokens, sequence.longest - Tokens(1));
  if (arriving(slot) > Tokens(0)) {
    if (!pool_.start_with(slot, tokens, keep_free)) return false;
    sequence.computed = std::exchange(arriving_[slot], Tokens(0));
  } else {
    const auto cached = pool_.start(slot, sequence.known, tokens, keep_free);
    if (!cached) return false;
    sequence.computed = *cached;
  }
  filled_ += sequence.computed;
  sequence.room = pool_.room(slot);
  sequence.decoding = sequence.arrives_decoding;
  sequence.arrives_decoding = false;
  if (sequence.decoding && !sequence.started) ++unplanned_arrivals_;
  waiting_.pop_front();
  insert(sequence.decoding ? decoding_ : prompts_, slot);
  return true;
}

void PagedScheduler::set_arriving(Slot slot, Tokens tokens) {
  if (slot >= arriving_.size()) arriving_.resize(slot + std::size_t{1});
  arriving_[slot] = tokens;
}

void PagedScheduler::preempt(Slot slot) {
  Sequence& sequence = sequences_[slot];
  ensure(sequence.steps_in_flight == 0, "a preempted request is in no step");
  if (sequence.decoding && !sequence.started) --unplanned_arrivals_;
  erase(sequence.decoding ? decoding_ : prompts_, slot);
  if (pool_.swap_out(slot, sequence.computed)) {
    set_arriving(slot, sequence.computed);
    sequence.arrives_decoding = sequence.decoding;
  }
  pool_.release(slot);
  filled_ -= sequence.computed;
  sequence.computed = sequence.room = Tokens(0);
  sequence.decoding = false;
  insert(waiting_, slot);
  draft_->plan.preempted.push_back(sequence.id);
}

std::int64_t PagedScheduler::plans_without_start() const {
  return std::numeric_limits<std::int64_t>::max();
}

// Micro-batches of a pipeline take turns, so there no plan follows itself.
std::int64_t PagedScheduler::repeats() const {
  if (draft_ == nullptr || options_.steps_in_flight > 1 || cancelled_in_flight_ > 0) return 0;
  if (options_.draft_tokens > Tokens(0)) return 0;  // how far a step goes is not known before
  const BatchPlan& plan = draft_->plan;
  if (!prompts_.empty() || plan.items.size() != decoding_.size() || !plan.preempted.empty() ||
      plan.kv_to_host + plan.kv_from_host > Tokens(0)) {
    return 0;
  }
  std::int64_t most = plans_without_start();
  for (std::size_t i = 0; i < decoding_.size() && most > 0; ++i) {
    const Sequence& sequence = sequences_[decoding_[i]];
    most = std::min(most, (sequence.answer_end - sequence.known).count() - 1);
  }
  return plan.items.empty() ? 0 : repeats_in_pool(most);
}

// Of that many repetitions those that surely find their blocks free.
std::int64_t PagedScheduler::repeats_in_pool(std::int64_t most) const {
  if (most <= 0) return 0;
  const auto batch = static_cast<std::int64_t>(decoding_.size());
  // Each takes at most so many blocks more: nearly always there are enough for all of them.
  const std::int64_t free = pool_.free_without_transfer();
  if ((most / options_.block_tokens.count() + 1) * batch <= free) return most;
  std::int64_t blocks = 0;
  Tokens slack = Tokens(most);
  for (const Slot slot : decoding_) {
    const Sequence& sequence = sequences_[slot];
    const Tokens left = sequence.room - sequence.known;
    if (left < Tokens(most)) blocks += pool_.blocks_for(Tokens(most) - left);
    slack = std::min(slack, left);
  }
  if (blocks <= free) return most;
  const std::int64_t each = free / batch * options_.block_tokens.count();
  return std::min(most, std::max(slack.count(), each));
}

bool PagedScheduler::newcomer_waits() const {
  return running() >= most_running() || (!waiting_.empty() && waiting_.front() != newest_);
}

void PagedScheduler::repeat(StepId step, std::int64_t times) {
  ensure(plans_.oldest(step).slots.size() == decoding_.size(), "the step is one of all decodes");
  pool_.note_repeated_usage(filled_, static_cast<std::int64_t>(decoding_.size()), times);
  for (const Slot slot : decoding_) {
    Sequence& sequence = sequences_[slot];
    pool_.note_repeated_growth(sequence.room, sequence.computed, times);
    sequence.known += Tokens(times);
    filled_ += sequence.known - sequence.computed;
    sequence.computed = sequence.known;
    if (sequence.known <= sequence.room) continue;
    ensure(pool_.reserve(slot, sequence.known), "repeated steps find their KV blocks");
    sequence.room = pool_.room(slot);
  }
}

std::int64_t PagedScheduler::running() const {
  return static_cast<std::int64_t>(prompts_.size() + decoding_.size());
}

std::int64_t PagedScheduler::most_running() const {
  const std::int64_t decodes = options_.step_tokens.count() / (1 + options_.draft_tokens.count());
  return std::min(options_.max_batch, decodes * options_.steps_in_flight);
}

SchedulerState PagedScheduler::state() const {
  return {.waiting = static_cast<std::int64_t>(waiting_.size()),
          .running = running(),
          .kv_capacity = pool_.capacity(),
          .kv_used = pool_.used(),
          .kv_peak_used = pool_.peak_used()};
}

// Nearly all insertions belong at the young end.
template <class List>
void PagedScheduler::insert(List& list, Slot slot) {
  const QueueOrder order = sequences_[slot].order;
  if (list.empty() || sequences_[list.back()].order < order) {
    list.push_back(slot);
    return;
  }
  list.insert(std::upper_bound(list.begin(), list.end(), order,
                               [this](const QueueOrder& left, Slot right) {
                                 return left < sequences_[right].order;
                               }),
              slot);
}

template <class List>
void PagedScheduler::erase(List& list, Slot slot) {
  const QueueOrder order = sequences_[slot].order;
  const auto at = std::lower_bound(
      list.begin(), list.end(), order,
      [this](Slot left, const QueueOrder& right) { return sequences_[left].order < right; });
  if (at != list.end() && *at == slot) list.erase(at);
}

}  // namespace inferbench
