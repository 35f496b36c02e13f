#pragma once

#include "harness/schedule/paged_scheduler.hpp"

namespace inferbench {

// Static batching on padded tensors: the prompts of a batch are padded to its longest, answers that
// are complete keep their place until the batch ends, and what is computed there is thrown away.
// The next batch forms when the last answer is complete.
//
// Prompts run as rows of the padded length, one after the other and as much of them per step as
// fits into its token budget. Each row's blocks are reserved up front for the padded prompt and its
// longest possible answer. BatchItem::padding carries the
// wasted positions: a prompt's are its own, an empty place's stand beside the decodes of the same
// step. Decodes attend to what their request has, not to the padding before it.
//
// Source: NVIDIA FasterTransformer, docs/gpt_guide.md (inputs [batch_size, max_input_length],
// padded with end-of-sequence; a request stays in the batch until all are finished).
class StaticPaddedScheduler final : public PagedScheduler {
 public:
  explicit StaticPaddedScheduler(const SchedulerOptions& options) : PagedScheduler(options) {}

 private:
  void fill() override;
  bool grow(Slot slot) override;
  void form_batch();
  void add_padded_prompts();
  bool add_part_of_row(Slot slot);  // false: none fits into what is left of the budget
  void add_padded_decodes();
  // Tokens a row holds when prompts are padded to `padded`.
  Tokens row(Slot slot, Tokens padded) const;

  std::int64_t places_ = 0;  // of the running batch
  Tokens padded_prompt_{};   // its longest prompt
};

}  // namespace inferbench
