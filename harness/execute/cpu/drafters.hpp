#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "harness/execute/cpu/step_batch.hpp"
#include "harness/schedule/batch_plan.hpp"
#include "kernels/sampling/sampling.hpp"

namespace inferbench {

// An item of a plan with what computing it takes.
struct StepItem {
  const BatchItem* item = nullptr;
  const std::vector<std::int32_t>* text = nullptr;  // prompt and answer so far
  std::span<const BlockRun> blocks;
  std::span<std::int32_t> drafts;  // to fill: as many as a decode verifies
};

// How the token at a position of a request's text is chosen.
using SamplingOf = std::function<SamplingRequest(RequestId, std::int64_t position)>;

// Proposes the next tokens of decodes. Any tokens will do: the target keeps those that it would
// have sampled itself.
class Drafter {
 public:
  virtual ~Drafter() = default;
  virtual void draft(std::span<StepItem> items) = 0;
  virtual void close(RequestId request) { (void)request; }
  virtual KernelTimes times() const { return {}; }
};

// Continues as the text did after the last place where its latest two tokens, or the latest one,
// stood before.
//
// Source: Saxena, "Prompt Lookup Decoding", github.com/apoorvumang/prompt-lookup-decoding, 2023.
class NgramDrafter final : public Drafter {
 public:
  void draft(std::span<StepItem> items) override;
};

// A smaller model over the same KV block tables, in a store of its own with as many blocks. It
// computes prompts along with the target, and drafts one token after the other for all decodes
// together. Its tokens are sampled with the target's numbers, so that equal distributions agree.
//
// Source: Leviathan et al., "Fast Inference from Transformers via Speculative Decoding", ICML 2023.
class ModelDrafter final : public Drafter {
 public:
  // Keeps references to the model and the team.
  ModelDrafter(StepModel& model, ThreadTeam& team, SamplingOf sampling);

  void draft(std::span<StepItem> items) override;
  void close(RequestId request) override { computed_.erase(request.value); }
  KernelTimes times() const override;

 private:
  void catch_up(std::span<StepItem> items);
  void add_pass(std::span<StepItem> items, std::int64_t pass);
  void run_pass(std::span<StepItem> items, std::int64_t pass);

  StepModel& model_;
  ThreadTeam& team_;
  SamplingOf sampling_;
  Sampler sampler_;
  StepBatch batch_;
  std::unordered_map<std::uint32_t, std::int64_t> computed_;  // by request: its tokens in the store
  std::vector<float> logits_;
  std::vector<SamplingRequest> requests_;
  std::vector<std::int32_t> sampled_;
  Duration sampling_time_{};
};

}  // namespace inferbench
