#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/plan/deployment.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// The options that name a system, the same on every verb:
//
//   --model NAME|FILE|FOLDER   catalog model, own JSON or Hugging Face config.json
//   --model-context N          the longest sequence, instead of the model's own
//   --gpu NAME|FILE            catalog GPU or own JSON; --domain N overrides its link domain
//   --gpus N                   how many
//   --parallel tp4dp2          how the model is spread; absent: chosen, see deployment()
//   --precision fp8,kv=bf16    absent: default_precision()
//   --memory-fraction 0.9, --runtime-reserve-gb 4, --nominal-memory, --activation-tokens 8192,
//   --kv-sequence 4096, --offload SHARE, --lora TERMS    MemoryBudget
//   --instances N[,mig]        replicas that share a GPU (one deployment alone)
//
//   SystemOptions system;                       // must outlive the parse
//   add_system_options(*verb, system, SystemScope::deployment);
//   verb->callback([&] { const Deployment deployment = system.deployment(); ... });
struct SystemOptions {
  std::string model_name, gpu_name;
  std::optional<std::int64_t> gpus, domain, context;
  std::string parallel_text;   // empty: not given
  std::string precision_text;  // empty: not given
  double memory_fraction = MemoryBudget{}.usable_fraction;
  double runtime_reserve_gb = 4.0;
  bool nominal_memory = false;
  std::int64_t activation_tokens = 8192;
  std::int64_t kv_sequence = 4096;
  std::string offload, lora, instances;  // empty: none

  // The options that gpu_name and parallel_text were given with, for messages.
  std::string gpu_option = "--gpu", parallel_option = "--parallel";

  // Each throws Error for input that cannot be used.
  ModelSpec model() const;
  HardwareSpec gpu() const;  // with --domain applied, which is noted
  Precision precision(const ModelSpec& model, const HardwareSpec& gpu) const;
  MemoryBudget budget() const;

  // --parallel, filled up with DP to --gpus. Without --parallel: the smallest replica that fits
  // and holds 8,192 tokens of KV (or the model's context, if shorter) per attention rank, TP inside
  // the link domain first; as many replicas of it as --gpus allows, one without --gpus.
  ParallelConfig parallel(const ModelSpec& model, const HardwareSpec& gpu) const;

  // All of it placed. Throws Error with the parts and the smallest count when it does not fit.
  Deployment deployment() const;
};

enum class SystemScope {
  deployment,  // one system: --parallel
  search,      // many configurations of --gpus GPUs, which is required
};

void add_system_options(CLI::App& verb, SystemOptions& options, SystemScope scope);

}  // namespace inferbench
