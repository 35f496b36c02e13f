#include "harness/execute/cpu/cpu_executor.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "harness/base/error.hpp"
#include "harness/timing/nvtx.hpp"

namespace inferbench {

SamplingOf sampling_of(const AnswerSampling& sampling) {
  return [sampling](RequestId request, std::int64_t position) {
    SamplingRequest how;
    how.temperature = sampling.temperature;
    how.top_k = sampling.top_k;
    how.top_p = sampling.top_p;
    if (sampling.temperature > 0) {
      how.uniform =
          sampling_uniform(sampling.seed, request.value, static_cast<std::uint64_t>(position));
    }
    return how;
  };
}

Duration CpuExecutor::steady_now() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch());
}

CpuExecutor::CpuExecutor(StepModel& model, const Scheduler& scheduler, ThreadTeam& team,
                         const PromptTexts& texts, Options options, Drafter* drafter)
    : model_(model),
      scheduler_(scheduler),
      team_(team),
      prompts_(texts),
      options_(std::move(options)),
      drafter_(drafter),
      sampler_(model.vocab()),
      batch_(model.kv_blocks(), model.block_tokens()) {}

void CpuExecutor::open(const Request& request) {
  Text& text = texts_[request.id.value];
  text.tokens = prompts_.of(request);
  text.prompt = text.tokens.size();
  text.longest = text.prompt + static_cast<std::size_t>(request.output.count());
}

// The answer stays, the prompt goes.
void CpuExecutor::close(RequestId request) {
  Text& text = texts_[request.value];
  text.tokens.resize(std::min(text.tokens.size(), text.longest));
  text.tokens.erase(text.tokens.begin(),
                    text.tokens.begin() + static_cast<std::ptrdiff_t>(text.prompt));
  text.tokens.shrink_to_fit();
  text.prompt = 0;
  text.ended = true;
  if (drafter_ != nullptr) drafter_->close(request);
}

void CpuExecutor::pass_over(const BatchItem& item) {
  ensure(item.new_tokens == Tokens(1) || !item.decode, "a step without drafts is passed over");
  if (item.emits) texts_.at(item.request.value).tokens.push_back(0);
}

std::span<const std::int32_t> CpuExecutor::answer(RequestId request) const {
  const auto found = texts_.find(request.value);
  if (found == texts_.end()) return {};
  const Text& text = found->second;
  return std::span(text.tokens).subspan(text.prompt);
}

std::vector<std::uint32_t> CpuExecutor::ended() const {
  std::vector<std::uint32_t> ids;
  for (const auto& [id, text] : texts_) {
    if (text.ended) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::uint64_t CpuExecutor::answers_digest() const {
  const CpuExecutor* const alone = this;
  return inferbench::answers_digest({&alone, 1});
}

std::uint64_t answers_digest(std::span<const CpuExecutor* const> executors) {
  std::map<std::uint32_t, const CpuExecutor*> by_id;
  for (const CpuExecutor* executor : executors) {
    for (const std::uint32_t id : executor->ended()) by_id.emplace(id, executor);
  }
  std::uint64_t digest = 0xCBF29CE484222325ULL;
  const auto take = [&](std::uint32_t word) {
    for (int byte = 0; byte < 4; ++byte, word >>= 8U) {
      digest = (digest ^ (word & 0xFFU)) * 0x100000001B3ULL;
    }
  };
  for (const auto& [id, executor] : by_id) {
    const std::span<const std::int32_t> tokens = executor->answer(RequestId(id));
    take(id);
    take(static_cast<std::uint32_t>(tokens.size()));
    for (const std::int32_t token : tokens) take(static_cast<std::uint32_t>(token));
  }
  return digest;
}

void CpuExecutor::gather(const BatchPlan& plan) {
  ensure(plan.kv_to_host + plan.kv_from_host == Tokens(0),
         "keys and values stay where they are computed");
  items_.clear();
  texts_of_items_.clear();
  std::size_t drafts = 0;
  for (const BatchItem& item : plan.items) {
    ensure(item.padding == Tokens(0), "a packed batch");
    if (item.decode) drafts += static_cast<std::size_t>(item.new_tokens.count()) - 1;
  }
  drafts_.resize(drafts);
  drafts = 0;
  for (const BatchItem& item : plan.items) {
    const auto found = texts_.find(item.request.value);
    ensure(found != texts_.end(), "a planned request was opened");
    Text& text = found->second;
    const auto context = static_cast<std::size_t>(item.context.count());
    const auto tokens = static_cast<std::size_t>(item.new_tokens.count());
    ensure(item.decode ? text.tokens.size() == context + 1 : text.tokens.size() >= context + tokens,
           "a plan computes tokens that are known");
    const std::size_t drafted = item.decode ? tokens - 1 : 0;
    items_.push_back({.item = &item,
                      .text = &text.tokens,
                      .blocks = scheduler_.kv_blocks(item.request),
                      .drafts = std::span(drafts_).subspan(drafts, drafted)});
    texts_of_items_.push_back(&text);
    drafts += drafted;
  }
  ensure(drafts == 0 || drafter_ != nullptr, "drafts are verified where something drafts them");
}

void CpuExecutor::assemble() {
  batch_.clear();
  requests_.clear();
  const auto want = [&](const BatchItem& item, std::int64_t position) {
    batch_.want_logits();
    requests_.push_back(options_.sampling(item.request, position + 1));
  };
  for (const StepItem& step : items_) {
    const BatchItem& item = *step.item;
    const std::int64_t context = item.context.count();
    const std::int64_t known =
        item.new_tokens.count() - static_cast<std::int64_t>(step.drafts.size());
    batch_.begin_sequence(context, step.blocks, item.rank);
    for (std::int64_t i = 0; i < known; ++i) {
      batch_.add((*step.text)[static_cast<std::size_t>(context + i)]);
    }
    if (item.emits || !step.drafts.empty()) want(item, context + known - 1);
    for (std::size_t i = 0; i < step.drafts.size(); ++i) {
      batch_.add(step.drafts[i]);
      want(item, context + known + static_cast<std::int64_t>(i));
    }
  }
}

void CpuExecutor::trace_kernels(bool on) {
  tracing_ = on;
  model_.trace(on ? &spans_ : nullptr);
}

void CpuExecutor::note(const char* kernel, Duration begin) {
  if (!tracing_) return;
  spans_.push_back({.name = kernel, .layer = -1, .rank = 0, .begin = begin, .end = options_.now()});
}

void CpuExecutor::draft() {
  if (drafter_ == nullptr) return;
  const NvtxRange range("draft");
  const Duration begin = options_.now();
  drafter_->draft(items_);
  note("draft", begin);
}

void CpuExecutor::sample() {
  if (requests_.empty()) return;
  const NvtxRange range("sample");
  const Duration begin = options_.now();
  sampled_.resize(requests_.size());
  sampler_.sample(logits_, requests_, sampled_, team_);
  sampling_time_ += options_.now() - begin;
  note("sample", begin);
}

// A draft stays if it is what the target samples in its place; behind the last one that stays comes
// the token that the target samples instead of the next.
void CpuExecutor::accept(StepResult& result) {
  std::size_t next = 0;
  if (!drafts_.empty()) result.accepted.assign(items_.size(), 0);
  for (std::size_t i = 0; i < items_.size(); ++i) {
    const StepItem& step = items_[i];
    const bool samples = step.item->emits || !step.drafts.empty();
    if (!samples) continue;
    std::size_t accepted = 0;
    while (accepted < step.drafts.size() && step.drafts[accepted] == sampled_[next + accepted]) {
      ++accepted;
    }
    const auto first = sampled_.begin() + static_cast<std::ptrdiff_t>(next);
    const auto end = first + static_cast<std::ptrdiff_t>(accepted) + 1;
    ensure(std::all_of(first, end, [](std::int32_t token) { return token >= 0; }),
           "logits are finite");
    texts_of_items_[i]->tokens.insert(texts_of_items_[i]->tokens.end(), first, end);
    result.tokens.insert(result.tokens.end(), first, end);
    if (!result.accepted.empty()) result.accepted[i] = static_cast<std::int32_t>(accepted);
    next += step.drafts.size() + 1;
  }
}

KernelTimes CpuExecutor::kernel_times() const {
  KernelTimes times = model_.times();
  times.other += sampling_time_;
  if (drafter_ == nullptr) return times;
  const KernelTimes drafting = drafter_->times();
  times.gemm += drafting.gemm;
  times.attention += drafting.attention;
  times.moe += drafting.moe;
  times.other += drafting.other;
  times.collectives += drafting.collectives;
  return times;
}

StepResult CpuExecutor::run(const BatchPlan& plan) {
  prepare(plan);
  return compute();
}

void CpuExecutor::prepare(const BatchPlan& plan) {
  begin_ = options_.count_between && last_end_ >= Duration(0) ? last_end_ : options_.now();
  spans_.clear();
  gather(plan);
}

StepResult CpuExecutor::compute() {
  const NvtxRange range("step");
  const KernelTimes before = kernel_times();
  draft();
  assemble();
  logits_.resize(requests_.size() * static_cast<std::size_t>(model_.vocab()));
  model_.forward(batch_.batch(), logits_);
  sample();
  StepResult result;
  accept(result);
  const KernelTimes after = kernel_times();
  last_end_ = options_.now();
  StepTiming& timing = result.timing;
  timing.elapsed = timing.stage = last_end_ - begin_;
  timing.parts.gemm = after.gemm - before.gemm;
  timing.parts.attention = after.attention - before.attention;
  timing.parts.moe = after.moe - before.moe;
  timing.parts.elementwise = after.other - before.other;
  timing.parts.scale_up = after.collectives - before.collectives;
  timing.parts.host = timing.elapsed - timing.parts.gemm - timing.parts.attention -
                      timing.parts.moe - timing.parts.elementwise - timing.parts.scale_up;
  return result;
}

}  // namespace inferbench
