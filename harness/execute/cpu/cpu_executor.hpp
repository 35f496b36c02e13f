#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "harness/execute/cpu/drafters.hpp"
#include "harness/execute/cpu/prompt_texts.hpp"
#include "harness/execute/executor.hpp"
#include "harness/schedule/scheduler.hpp"

namespace inferbench {

// How answers are sampled, all alike. The default is greedy.
struct AnswerSampling {
  float temperature = 0;
  std::int64_t top_k = 0;
  double top_p = 1;
  std::uint64_t seed = 0;
};

// The number of a token depends on (seed, request, position) alone.
SamplingOf sampling_of(const AnswerSampling& sampling);

// Computes each step with a model, and takes the time it took.
//
// Plans are executed as they stand: chunks and decodes in one packed batch, prefixes from whoever
// computed them, requests that were preempted from their beginning. With a drafter a decode
// verifies its drafts in the same batch and keeps those that it would have sampled: token i of a
// request is the same with and without drafts, for any sampling, because the number that decides it
// belongs to its position.
//
// StepTiming: gemm and attention (writing keys and values included), elementwise (norms, rotation,
// SwiGLU, embedding, sampling) of the target and the drafter; host is the rest of the elapsed time,
// so that the parts add up. Collectives between ranks, waiting for the slowest included, are
// scale_up.
class CpuExecutor final : public Executor {
 public:
  struct Options {
    SamplingOf sampling = sampling_of({});
    // The time between two steps is the harness's work and counts as host time of the later one: on
    // a clock that stands still meanwhile. On a wall clock it would count twice.
    bool count_between = false;
    std::function<Duration()> now = steady_now;  // for tests
  };

  // Keeps references. `scheduler` plans the steps and knows the block tables; `drafter` may be
  // null.
  CpuExecutor(StepModel& model, const Scheduler& scheduler, ThreadTeam& team,
              const PromptTexts& texts, Options options, Drafter* drafter = nullptr);

  // Throws std::logic_error for a plan that is padded, has more attention ranks than the model, or
  // moves keys and values to or from host memory.
  StepResult run(const BatchPlan& plan) override;
  // Its halves. prepare() looks up requests and their KV blocks; compute() does the rest, and
  // needs neither the scheduler nor requests that are opened meanwhile.
  void prepare(const BatchPlan& plan);
  StepResult compute();
  void open(const Request& request) override;
  void close(RequestId request) override;
  // An item of the step that somebody else computes: its request goes on with a token of no
  // meaning.
  void pass_over(const BatchItem& item);
  // Kernels of the decoder; drafting and sampling as one each.
  void trace_kernels(bool on) override;
  KernelTrace kernel_trace() const override { return {spans_, begin_}; }

  // The tokens that a request made visible; complete once it ended. Empty for one never opened.
  std::span<const std::int32_t> answer(RequestId request) const;
  // Ids of requests that ended, ascending.
  std::vector<std::uint32_t> ended() const;
  std::uint64_t answers_digest() const;

  static Duration steady_now();

 private:
  struct Text {
    std::vector<std::int32_t> tokens;
    std::size_t prompt = 0;
    std::size_t longest = 0;  // with the whole answer
    bool ended = false;
  };

  void gather(const BatchPlan& plan);
  void assemble();
  void draft();
  void note(const char* kernel, Duration begin);
  void sample();
  void accept(StepResult& result);
  KernelTimes kernel_times() const;

  StepModel& model_;
  const Scheduler& scheduler_;
  ThreadTeam& team_;
  PromptTexts prompts_;
  Options options_;
  Drafter* drafter_;
  Sampler sampler_;
  StepBatch batch_;
  std::unordered_map<std::uint32_t, Text> texts_;
  std::vector<Text*> texts_of_items_;
  std::vector<StepItem> items_;
  std::vector<std::int32_t> drafts_, sampled_;
  std::vector<SamplingRequest> requests_;
  std::vector<float> logits_;
  Duration sampling_time_{}, begin_{}, last_end_{-1};  // begin of the step
  bool tracing_ = false;
  KernelSpans spans_;  // of the step
};

// "fnv1a64" over ids, lengths and tokens of all answers that ended, in order of id: equal for runs
// that gave the same answers. Of executors that shared the requests.
std::uint64_t answers_digest(std::span<const CpuExecutor* const> executors);

}  // namespace inferbench
