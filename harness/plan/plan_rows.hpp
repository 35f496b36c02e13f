#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/plan/enumerate.hpp"

namespace inferbench {

enum class Verdict {
  fits,
  does_not_fit,  // memory is short
  cannot_work,   // the degrees do not suit the model
  ruled_out,     // breaks a rule
};

std::string_view name(Verdict verdict);  // "fits", "does not fit", "cannot work", "ruled out"

// One configuration of a plan with what speaks for or against it.
struct PlanRow {
  ParallelConfig parallel;
  Verdict verdict = Verdict::fits;
  std::string why;                // empty when it fits evenly; else the reason, or what is uneven
  std::vector<MemoryPart> parts;  // of the fullest GPU; empty when it cannot work
  Bytes needed{};                 // per GPU, without KV; 0 when it cannot work
  Bytes available{};
  Tokens kv_capacity{};  // per attention rank; 0 unless it fits
};

// Every configuration of exactly `gpus` GPUs, in the order of enumerate(). A configuration that is
// ruled out is still placed, so that its memory can be read.
std::vector<PlanRow> plan_rows(const ModelSpec& model, const HardwareSpec& gpu, std::int64_t gpus,
                               const Precision& precision, const PlanRules& rules,
                               const MemoryBudget& budget = {});

std::int64_t count_verdict(const std::vector<PlanRow>& rows, Verdict verdict);

}  // namespace inferbench
