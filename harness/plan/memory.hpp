#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/units.hpp"
#include "harness/catalog/hardware_spec.hpp"
#include "harness/catalog/model_spec.hpp"
#include "harness/plan/lora.hpp"
#include "harness/plan/parallel_config.hpp"
#include "harness/plan/precision.hpp"
#include "harness/plan/weight_offload.hpp"

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
  // Sequence length at which a sliding-window layer's KV is spread over its tokens: it keeps
  // min(window, sequence) of them. Without windows it changes nothing.
  Tokens kv_sequence{4096};
  WeightOffload offload{};             // weights that live in host memory instead
  std::optional<LoraAdapters> lora{};  // adapters beside the weights
};

// The layers of one pipeline stage. Stages differ by at most one layer, the longer ones first: the
// last stage also has the LM head.
struct StageLayers {
  std::int64_t stage = 0, stages = 1;
  std::int64_t first = 0, count = 0;
  std::int64_t dense = 0;           // of them, with a dense FFN
  std::int64_t full_attention = 0;  // of them, that attend to the whole sequence
};

StageLayers stage_layers(const ModelSpec& model, std::int64_t stages, std::int64_t stage);

// One rank's share of `total` split `ways`: the largest, rounded up.
std::int64_t largest_share(std::int64_t total, std::int64_t ways);

// KV heads that one TP rank holds: a share, or one replicated head when TP exceeds kv_heads.
std::int64_t kv_heads_per_rank(const ModelSpec& model, std::int64_t tp);

// Weights of one GPU of a pipeline stage, by tensor. Replication:
//   attention   split TP ways by heads, replicated over CP and EP; KV projections are replicated
//               when TP > kv_heads; MLA's down-projections are replicated over TP
//   ffn         dense layers and shared experts: split TP ways by width, replicated over EP
//   experts     split EP ways by expert and TP ways by width
//   router      replicated, 16 bit
//   embedding   split TP ways by vocabulary; the table on the first stage, the head on the last
//   norms       with all biases, replicated, 16 bit
// A share that does not divide is counted at its largest.
std::vector<MemoryPart> weight_parts(const ModelSpec& model, const ParallelConfig& parallel,
                                     const Precision& precision, const StageLayers& layers);

// Sum of the weight parts of the fullest GPU of a replica.
Bytes weights_per_gpu(const ModelSpec& model, const ParallelConfig& parallel,
                      const Precision& precision);

// All weights once, as a single GPU of unlimited memory would hold them.
Bytes model_weights(const ModelSpec& model, const Precision& precision);

// KV of one token on one GPU of the stage. MLA and replicated KV heads do not shrink with TP; CP
// splits tokens, so that a GPU holds 1/CP of them.
Bytes kv_bytes_per_token_gpu(const ModelSpec& model, const ParallelConfig& parallel,
                             const Precision& precision, const StageLayers& layers,
                             Tokens kv_sequence);

// Buffers alive at once in the widest layer for `tokens` tokens of one attention rank: residual
// stream, normed input and output, and the widest intermediate (QKV with attention output, FFN, or
// the tokens' expert copies), plus fp32 logits of 256 sampled rows.
MemoryPart activation_part(const ModelSpec& model, const ParallelConfig& parallel,
                           const Precision& precision, Tokens tokens);

// What of a GPU may be used.
Bytes memory_available(const HardwareSpec& gpu, const MemoryBudget& budget);

// GPUs that hold `weights` when each gives usable_fraction x memory - reserve and nothing is
// replicated: a lower bound on any replica.
//
// The blog's "minimum of five GPUs" for GPT-MoE-1.8T is {900 GB, 192 GB, 1.0, 0}.
struct MinGpusInput {
  Bytes weights{};
  Bytes memory_per_gpu{};
  double usable_fraction = 1.0;
  Bytes reserve_per_gpu{};
};
std::int64_t min_gpus(const MinGpusInput& input);  // throws Error when nothing is left of a GPU

}  // namespace inferbench
