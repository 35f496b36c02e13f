#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "harness/schedule/kv_memory.hpp"
#include "harness/schedule/plans_in_flight.hpp"
#include "harness/schedule/scheduler.hpp"
#include "harness/schedule/scheduler_options.hpp"
#include "harness/schedule/sequence.hpp"
#include "harness/schedule/slots.hpp"

namespace inferbench {

// What batching policies over a paged KV pool have in common: the queue, the block tables, the
// steps in flight and what a committed step means. A policy decides in fill() who joins a step.
//
// A sequence is waiting (no blocks), a prompt (blocks, its prompt or recompute not yet complete) or
// decoding (blocks, one new token at a time). Each list is ordered by QueueOrder, from oldest to
// youngest as long as the policy has no other keys.
class PagedScheduler : public Scheduler {
 public:
  Admission admit(const Request& request) final;
  Admission admit_prefilled(const Request& request) final;
  void cancel(RequestId request) final;
  const BatchPlan& plan() final;
  std::span<const Emission> commit(StepId step, const StepResult& result) final;
  SchedulerState state() const final;
  std::span<const BlockRun> kv_blocks(RequestId request) const final {
    return pool_.runs(sequences_.find(request));
  }
  KvStats kv_stats() const final { return pool_.stats(); }
  std::int64_t repeats() const final;
  void repeat(StepId step, std::int64_t times) final;
  bool newcomer_waits() const final;

  const KvMemory& pool() const { return pool_; }

 protected:
  using Slot = std::uint32_t;

  explicit PagedScheduler(const SchedulerOptions& options);

  // Adds the next step's items with add(); called only while a step may be planned.
  virtual void fill() = 0;

  // Where a request stands in the queue, small keys first, equal ones by age; the default is by age
  // alone. It is fixed at admission, the `admission`-th to this scheduler, and must not read
  // Request::output. Keys that grow with `admission` keep everybody from starving.
  virtual std::int64_t queue_key(const Request& request, std::uint64_t admission) const;

  // Puts the next `tokens` of a sequence into the step; its blocks are reserved.
  void add(Slot slot, Tokens tokens);
  // One token for each decoding sequence that has none in flight, oldest first, while the budget
  // lasts. With a pipeline at most its share, so that micro-batches stay balanced. Drafted tokens
  // besides, where there are any.
  void add_decodes();
  // The next chunk of each prompt, oldest first, while the budget lasts.
  void add_prompt_chunks();
  // Reserves blocks for `tokens` of the oldest waiting sequence and makes it a prompt, or a decode
  // if its prompt arrived computed; false when too few are free to leave `keep_free`.
  bool start_oldest_waiting(Tokens tokens, std::int64_t keep_free = 0);
  // Takes a running sequence's blocks; it goes back to the queue and recomputes what it had, or
  // reads it back from the host.
  void preempt(Slot slot);
  // Blocks for one more token of a decoding sequence whose blocks are full; false: not this step.
  virtual bool grow(Slot slot) = 0;

  // After a plan in which only decodes stand: for how many further plans the policy would start
  // nobody, if nothing but commits of these decodes came between. Waiting requests start when
  // running ones end, so by default for ever; a policy whose queue moves by itself says otherwise.
  virtual std::int64_t plans_without_start() const;

  std::int64_t running() const;
  // A step has room for a decode of each running sequence.
  std::int64_t most_running() const;

  // Keys and values that come with a waiting sequence, or back from the host.
  Tokens arriving(Slot slot) const { return slot < arriving_.size() ? arriving_[slot] : Tokens(0); }

  SchedulerOptions options_;
  KvMemory pool_;
  Tokens filled_{};  // sum of `computed` over the sequences that hold blocks
  Slots<Sequence> sequences_;
  std::deque<Slot> waiting_;
  std::vector<Slot> prompts_, decoding_;
  std::int64_t cancelled_in_flight_ = 0;   // hold blocks, but stand in no list
  PlansInFlight::Entry* draft_ = nullptr;  // the step that fill() fills
  Tokens budget_{};                        // new tokens that the step still takes

 private:
  template <class List>
  void insert(List& list, Slot slot);
  template <class List>
  void erase(List& list, Slot slot);
  QueueOrder order_of(const Request& request);
  Admission queue(const Request& request, const Sequence& sequence);
  void turn(Slot slot);
  void finish_cancellation(Slot slot);
  void add_drafts(std::size_t first_item);
  Tokens verified(Slot slot, const BatchItem& item, std::int32_t accepted);
  std::int64_t repeats_in_pool(std::int64_t most) const;
  void close(Slot slot);
  void note_arrivals(std::size_t first_item);

  PlansInFlight plans_;
  void set_arriving(Slot slot, Tokens tokens);

  std::vector<Emission> emissions_;
  std::vector<Tokens> arriving_;  // by slot; beside the sequences, which then are a cache line each
  Slot newest_ = 0;               // the latest admission
  std::uint64_t admissions_ = 0;
  std::int64_t unplanned_arrivals_ = 0;  // decoding, but in no plan yet
};

}  // namespace inferbench
