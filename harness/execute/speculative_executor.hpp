#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "harness/base/random.hpp"
#include "harness/execute/draft_cost.hpp"
#include "harness/execute/executor.hpp"
#include "harness/execute/speculation.hpp"

namespace inferbench {

// Speculative decoding over another executor, which times the verifying step: says how many drafted
// tokens of each item are accepted, and adds the time of drafting.
//
// Whether a drafted token is accepted depends on (seed, request, its place in the sequence) and the
// rate of its position in the draft alone. So the same text is accepted however requests are
// batched, and each place is drafted at most once, because a step that rejects it fills it.
class SpeculativeExecutor final : public Executor {
 public:
  // Without `draft` drafting takes no time.
  SpeculativeExecutor(std::unique_ptr<Executor> target, const Speculation& speculation,
                      std::uint64_t seed, std::optional<DraftCost> draft = {});

  StepResult run(const BatchPlan& plan) override;
  void open(const Request& request) override { target_->open(request); }
  void close(RequestId request) override { target_->close(request); }

 private:
  std::int32_t accepted(const BatchItem& item) const;

  std::unique_ptr<Executor> target_;
  std::vector<double> acceptance_;
  RandomStream random_;
  std::optional<DraftCost> draft_;
};

}  // namespace inferbench
