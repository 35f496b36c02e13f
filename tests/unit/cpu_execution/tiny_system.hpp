#pragma once

#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/catalog/catalog.hpp"
#include "harness/execute/cpu/cpu_executor.hpp"
#include "tests/unit/replay/replay_support.hpp"

namespace inferbench::testing_support {

// tiny-dense-test with weights of `seed`, in a KV store of so many blocks.
struct TinyModel {
  explicit TinyModel(std::int64_t kv_blocks, std::uint64_t seed = 7,
                     const std::string& format = "bf16", const std::string& kv = "bf16",
                     KernelSet kernels = KernelSet::invariant)
      : weights(decoder_shape(find_model("tiny-dense-test")), decoder_format(format), seed, team),
        decoder(weights, kv_store_type(kv), kv_blocks, team, kernels) {}

  ThreadTeam team{2};
  DecoderWeights weights;
  Decoder decoder;
};

using Answers = std::vector<std::vector<std::int32_t>>;

// Each request by itself: its prompt in one step, then one token after the other.
inline std::vector<std::int32_t> plain_answer(TinyModel& model, const Request& request,
                                              const PromptTexts& texts,
                                              const SamplingOf& sampling) {
  std::vector<std::int32_t> text = texts.of(request);
  const auto prompt = static_cast<std::ptrdiff_t>(text.size());
  const BlockRun all{0, static_cast<std::uint32_t>(model.decoder.kv().blocks())};
  StepBatch batch(model.decoder.kv().blocks());
  std::vector<float> logits(256);
  for (std::size_t computed = 0; std::ssize(text) < prompt + request.output.count();) {
    batch.clear();
    batch.begin_sequence(static_cast<std::int64_t>(computed), {&all, 1});
    for (; computed < text.size(); ++computed) batch.add(text[computed]);
    batch.want_logits();
    model.decoder.forward(batch.batch(), logits);
    text.push_back(
        sample_reference(logits, sampling(request.id, static_cast<std::int64_t>(text.size()))));
  }
  return {text.begin() + prompt, text.end()};
}

inline Answers plain_answers(const std::vector<Request>& requests, const PromptTexts& texts,
                             const SamplingOf& sampling, const std::string& format = "bf16",
                             const std::string& kv = "bf16") {
  TinyModel model(64, 7, format, kv);
  Answers answers;
  for (const Request& request : requests) {
    answers.push_back(plain_answer(model, request, texts, sampling));
  }
  return answers;
}

struct Executed {
  Answers answers;
  std::vector<RequestRecord> records;
  ReplicaStats stats;
  std::uint64_t digest = 0;
};

// A pool of 40 blocks, steps of 64 tokens.
inline SchedulerOptions pool_of(std::int64_t blocks = 40, std::int64_t step_tokens = 64) {
  SchedulerOptions options = roomy();
  options.kv_blocks = blocks;
  options.step_tokens = Tokens(step_tokens);
  options.watermark = 0;
  return options;
}

struct TinyOptions {
  std::string policy = "in_flight", format = "bf16", kv = "bf16";
  SchedulerOptions scheduler = pool_of();
  SamplingOf sampling = sampling_of({});
  KernelSet kernels = KernelSet::invariant;
  std::optional<std::uint64_t> draft_seed{};  // weights of a model that drafts; 7 are the target's
};

// All requests served in steps that the executor computes: what came of them, answers in their
// order.
inline Executed serve(Scheduler& scheduler, CpuExecutor& executor,
                      const std::vector<Request>& requests) {
  SimulatedClock clock;
  Engine engine(scheduler, executor, clock);
  ListSource source(requests);
  RecordList list;
  engine.serve(source, list);
  Executed out;
  out.records = list.take_by_id();
  for (const Request& request : requests) {
    const auto answer = executor.answer(request.id);
    out.answers.emplace_back(answer.begin(), answer.end());
  }
  out.stats = engine.stats();
  out.digest = executor.answers_digest();
  return out;
}

// An engine over a scheduler and an executor that computes.
inline Executed execute(const std::vector<Request>& requests, const PromptTexts& texts,
                        TinyOptions options) {
  options.scheduler.block_tokens = Tokens(16);
  options.scheduler.kv.cache_answers = false;
  const std::int64_t blocks = options.scheduler.kv_blocks;
  const auto scheduler = make_scheduler(options.policy, options.scheduler);
  TinyModel model(blocks, 7, options.format, options.kv, options.kernels);
  std::optional<TinyModel> small;
  std::unique_ptr<Drafter> drafter;
  if (options.draft_seed) {
    small.emplace(blocks, *options.draft_seed, options.format, options.kv);
    drafter = std::make_unique<ModelDrafter>(small->decoder, small->team, options.sampling);
  } else if (options.scheduler.draft_tokens > Tokens(0)) {
    drafter = std::make_unique<NgramDrafter>();
  }
  CpuExecutor executor(model.decoder, *scheduler, model.team, texts,
                       {.sampling = options.sampling, .count_between = true}, drafter.get());
  return serve(*scheduler, executor, requests);
}

}  // namespace inferbench::testing_support
