#include "harness/execute/cpu/drafters.hpp"

#include <algorithm>
#include <chrono>

namespace inferbench {
namespace {

// Where the text goes on after an earlier occurrence of its last `length` tokens; 0: nowhere.
std::size_t continuation(const std::vector<std::int32_t>& text, std::size_t length) {
  if (text.size() <= length) return 0;
  const auto suffix = text.end() - static_cast<std::ptrdiff_t>(length);
  const auto found = std::find_end(text.begin(), text.end() - 1, suffix, text.end());
  return found == text.end() - 1 ? 0 : static_cast<std::size_t>(found - text.begin()) + length;
}

}  // namespace

void NgramDrafter::draft(std::span<StepItem> items) {
  for (StepItem& item : items) {
    if (item.drafts.empty()) continue;
    const std::vector<std::int32_t>& text = *item.text;
    std::size_t from = continuation(text, 2);
    if (from == 0) from = continuation(text, 1);
    // Beyond the end of the text it repeats what it has just drafted.
    for (std::size_t i = 0; i < item.drafts.size(); ++i) {
      const std::size_t at = from + i;
      if (from == 0) {
        item.drafts[i] = text.back();
      } else {
        item.drafts[i] = at < text.size() ? text[at] : item.drafts[at - text.size()];
      }
    }
  }
}

ModelDrafter::ModelDrafter(StepModel& model, ThreadTeam& team, SamplingOf sampling)
    : model_(model),
      team_(team),
      sampling_(std::move(sampling)),
      sampler_(model.vocab()),
      batch_(model.kv_blocks(), model.block_tokens()) {}

KernelTimes ModelDrafter::times() const {
  KernelTimes times = model_.times();
  times.other += sampling_time_;
  return times;
}

// Prompt chunks as the target computes them. Of a decode the tokens that the last drafts left out:
// the one sampled last and, where all drafts were accepted, the last draft.
void ModelDrafter::catch_up(std::span<StepItem> items) {
  for (StepItem& step : items) {
    const BatchItem& item = *step.item;
    std::int64_t& computed = computed_[item.request.value];
    // What a prompt finds cached was computed here too, by whoever cached it.
    if (!item.decode) computed = item.context.count();
    const std::int64_t end = item.context.count() + (item.decode ? 1 : item.new_tokens.count());
    computed = std::min(computed, end - 1);
    batch_.begin_sequence(computed, step.blocks, item.rank);
    for (; computed < end; ++computed) {
      batch_.add((*step.text)[static_cast<std::size_t>(computed)]);
    }
    if (!step.drafts.empty()) batch_.want_logits();
  }
}

// The draft before becomes the next token, of those decodes that want another one.
void ModelDrafter::add_pass(std::span<StepItem> items, std::int64_t pass) {
  for (StepItem& step : items) {
    if (static_cast<std::int64_t>(step.drafts.size()) <= pass) continue;
    std::int64_t& computed = computed_[step.item->request.value];
    batch_.begin_sequence(computed, step.blocks, step.item->rank);
    batch_.add(step.drafts[static_cast<std::size_t>(pass) - 1]);
    batch_.want_logits();
    ++computed;
  }
}

void ModelDrafter::run_pass(std::span<StepItem> items, std::int64_t pass) {
  logits_.resize(batch_.logit_rows() * static_cast<std::size_t>(model_.vocab()));
  model_.forward(batch_.batch(), logits_);
  if (batch_.logit_rows() == 0) return;
  const auto begin = std::chrono::steady_clock::now();
  requests_.clear();
  for (const StepItem& step : items) {
    if (static_cast<std::int64_t>(step.drafts.size()) <= pass) continue;
    requests_.push_back(sampling_(step.item->request, step.item->context.count() + 1 + pass));
  }
  sampled_.resize(requests_.size());
  sampler_.sample(logits_, requests_, sampled_, team_);
  std::size_t next = 0;
  for (StepItem& step : items) {
    if (static_cast<std::int64_t>(step.drafts.size()) <= pass) continue;
    step.drafts[static_cast<std::size_t>(pass)] = sampled_[next++];
  }
  sampling_time_ += std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - begin);
}

void ModelDrafter::draft(std::span<StepItem> items) {
  batch_.clear();
  catch_up(items);
  std::int64_t pass = 0;
  while (!batch_.empty()) {
    run_pass(items, pass++);
    batch_.clear();
    add_pass(items, pass);
  }
}

}  // namespace inferbench
