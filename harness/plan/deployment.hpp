#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"
#include "harness/plan/parallel_config.hpp"
#include "harness/plan/precision.hpp"

namespace inferbench {

// One line of a GPU's memory: "experts", "attention", "embedding", "activations", "runtime", "kv".
struct MemoryPart {
  std::string name;
  Bytes bytes{};
  std::string how;  // the rule in words: "16 experts / EP16 x TP2 shard, 60 of 120 layers"
};

// How much of a GPU may be used, and what else lives there.
struct MemoryBudget {
  double usable_fraction = 0.90;   // of usable_memory (marketed memory where no source says more)
  Bytes runtime_reserve{4e9};      // CUDA context, NCCL, workspaces
  bool nominal_memory = false;     // use the marketed capacity even where less is usable
  Tokens activation_tokens{8192};  // tokens in flight per step that activations are sized for
};

// A ParallelConfig placed on hardware where it fits.
struct Deployment {
  ModelSpec model;
  HardwareSpec gpu;
  ParallelConfig parallel;
  Precision precision;
  std::vector<MemoryPart> memory;  // of the fullest GPU, KV last
  Bytes memory_available{};        // per GPU, after usable_fraction
  // Tokens whose KV one attention rank (of one replica) can hold, over all its layers.
  Tokens kv_capacity{};
  bool uneven = false;  // layers, heads or experts do not divide; the largest share is counted
};

struct DoesNotFit {
  Bytes needed{}, available{};  // per GPU, without any KV
  std::vector<MemoryPart> parts;
  std::string reason;                         // one sentence
  std::optional<std::int64_t> smallest_gpus;  // the fewest GPUs of one replica that would fit
};

// Throws Error when the degrees cannot work at all (more stages than layers, EP on a dense model or
// above the expert count, TP above heads); returns DoesNotFit when they could but memory is short.
std::variant<Deployment, DoesNotFit> place(const ModelSpec& model, const HardwareSpec& gpu,
                                           const ParallelConfig& parallel,
                                           const Precision& precision,
                                           const MemoryBudget& budget = {});

}  // namespace inferbench
