#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/base/units.hpp"
#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"
#include "harness/plan/memory.hpp"
#include "harness/plan/parallel_config.hpp"
#include "harness/plan/precision.hpp"

namespace inferbench {

// A ParallelConfig placed on hardware where it fits.
struct Deployment {
  ModelSpec model;
  HardwareSpec gpu;
  ParallelConfig parallel;
  Precision precision;
  MemoryBudget budget;
  std::vector<MemoryPart> memory;  // of the fullest GPU, KV last
  Bytes memory_available{};        // per GPU, after usable_fraction
  // Tokens whose KV one attention rank (of one replica) can hold, over all its layers. An EP rank
  // is an attention rank of its own; TP, CP and PP ranks hold parts of the same tokens.
  Tokens kv_capacity{};
  bool uneven = false;  // layers, heads or experts do not divide; the largest share is counted
  std::vector<std::string> notes;  // what is uneven, or has no unit, in words

  std::int64_t attention_ranks() const { return parallel.ep; }  // of one replica
  // Whole GPUs: instances that share one count once.
  std::int64_t gpus() const {
    return (parallel.gpus() + gpu.instances_per_gpu - 1) / gpu.instances_per_gpu;
  }
};

struct DoesNotFit {
  Bytes needed{}, available{};  // per GPU, without any KV
  std::vector<MemoryPart> parts;
  std::string reason;                         // one sentence
  std::optional<std::int64_t> smallest_gpus;  // the fewest GPUs of one replica that would fit
  std::optional<ParallelConfig> smallest;     // and how they would be used
};

// Throws Error when the degrees cannot work at all (more stages than layers, EP on a dense model or
// above the expert count, TP above heads); returns DoesNotFit when they could but memory is short.
std::variant<Deployment, DoesNotFit> place(const ModelSpec& model, const HardwareSpec& gpu,
                                           const ParallelConfig& parallel,
                                           const Precision& precision,
                                           const MemoryBudget& budget = {});

// Why these degrees cannot work for this model on any hardware; nullopt when they can. One
// sentence: "EP32 is above the 16 experts".
std::optional<std::string> cannot_work(const ModelSpec& model, const ParallelConfig& parallel);

// The replica of fewest GPUs, in powers of two per dimension and up to `most_gpus`, whose memory
// holds the model and at least `kv_tokens` of KV per attention rank. Among equals, TP inside a
// domain first, then EP, then PP. nullopt: none does.
std::optional<ParallelConfig> smallest_replica(const ModelSpec& model, const HardwareSpec& gpu,
                                               const Precision& precision,
                                               const MemoryBudget& budget = {},
                                               Tokens kv_tokens = Tokens{1},
                                               std::int64_t most_gpus = 4096);

// The message of a DoesNotFit as an Error: its parts, and the smallest count that would fit.
Error does_not_fit_error(const std::string& place, const ModelSpec& model, const HardwareSpec& gpu,
                         const ParallelConfig& parallel, const DoesNotFit& no);

}  // namespace inferbench
