#include "bench/cli/system_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/catalog/gpu_instances.hpp"

namespace inferbench {
namespace {

void add_memory_options(CLI::App& verb, SystemOptions& options) {
  verb.add_option("--memory-fraction", options.memory_fraction,
                  "share of each GPU's visible memory that may be used (default 0.9)");
  verb.add_option("--runtime-reserve-gb", options.runtime_reserve_gb,
                  "GB per GPU for the CUDA context, collectives, workspaces (default 4)");
  verb.add_flag("--nominal-memory", options.nominal_memory,
                "use the marketed capacity even where less is visible");
  verb.add_option("--activation-tokens", options.activation_tokens,
                  "tokens in flight per step that activations are sized for (default 8192)");
  verb.add_option("--kv-sequence", options.kv_sequence,
                  "sequence length at which sliding-window KV is sized (default 4096)");
  verb.add_option("--offload", options.offload,
                  "weights in host memory, streamed at every step: all, 0.6, 0.6,overlap=0.5 "
                  "(default: none)");
  verb.add_option("--lora", options.lora,
                  "adapters served together: rank=16,adapters=64[,targets=qkv+out+up+down]"
                  "[,popularity=zipf:1.5][,seed=0] (default: none)");
}

void check_positive(const char* option, std::int64_t value) {
  if (value < 1) throw Error(option, std::to_string(value), "expected an integer >= 1");
}

// Replicas to fill `gpus` GPUs with; throws when they do not divide.
ParallelConfig filled_up(ParallelConfig parallel, std::int64_t gpus) {
  if (parallel.gpus() == gpus) return parallel;
  if (parallel.dp == 1 && gpus % parallel.replica_gpus() == 0) {
    parallel.dp = gpus / parallel.replica_gpus();
    return parallel;
  }
  throw Error("--gpus", std::to_string(gpus) + " GPUs for " + label(parallel),
              "a multiple of its " + std::to_string(parallel.gpus()) + " GPUs is needed",
              "leave --gpus out, or change --parallel");
}

// Without --parallel: a few long prompts or many short ones must fit.
ParallelConfig chosen(const SystemOptions& options, const ModelSpec& model,
                      const HardwareSpec& gpu) {
  const Tokens kv(std::min<std::int64_t>(8192, model.context));
  const Precision precision = options.precision(model, gpu);
  const auto replica = smallest_replica(model, gpu, precision, options.budget(), kv);
  if (!replica) {
    throw Error("--parallel", model.name + " fits no replica of up to 4,096 " + gpu.name,
                "with precision " + label(precision), "use a GPU with more memory");
  }
  if (!options.gpus) return *replica;
  if (*options.gpus < replica->gpus()) {
    const ParallelConfig attempt{.tp = std::min(*options.gpus, model.heads)};
    const auto placed = place(model, gpu, attempt, precision, options.budget());
    if (const auto* no = std::get_if<DoesNotFit>(&placed)) {
      throw does_not_fit_error("--gpus " + std::to_string(*options.gpus), model, gpu, attempt, *no);
    }
    return attempt;
  }
  return filled_up(*replica, *options.gpus);
}

// One replica an instance, all instances of --gpus GPUs unless --parallel says how many.
ParallelConfig on_instances(const SystemOptions& options, const HardwareSpec& gpu) {
  const ParallelConfig all{.dp = options.gpus.value_or(1) * gpu.instances_per_gpu};
  if (options.parallel_text.empty()) return all;
  const ParallelConfig config = parse_parallel(options.parallel_text, options.parallel_option);
  if (options.gpus && config.gpus() > all.dp) {
    throw Error(options.parallel_option + " " + label(config),
                std::to_string(config.gpus()) + " instances",
                std::to_string(*options.gpus) + " GPUs have " + std::to_string(all.dp),
                "raise --gpus or lower DP");
  }
  return config;
}

}  // namespace

ModelSpec SystemOptions::model() const {
  ModelSpec spec = find_model(model_name);
  if (!context) return spec;
  check_positive("--model-context", *context);
  if (*context != spec.context) {
    spec.notes.push_back("context of " + std::to_string(*context) +
                         " tokens set by --model-context, " + std::to_string(spec.context) +
                         " in the catalog");
    spec.context = *context;
  }
  return spec;
}

HardwareSpec SystemOptions::gpu() const {
  HardwareSpec spec = find_gpu(gpu_name, gpu_option);
  if (!instances.empty()) {
    spec = instance_of(spec, parse_gpu_sharing(instances, "--instances"), "--instances");
  }
  if (!domain) return spec;
  check_positive("--domain", *domain);
  if (*domain != spec.domain_size) {
    spec.notes.push_back("link domain of " + std::to_string(*domain) + " GPUs set by --domain, " +
                         std::to_string(spec.domain_size) + " in the catalog");
    spec.domain_size = *domain;
  }
  return spec;
}

Precision SystemOptions::precision(const ModelSpec& model, const HardwareSpec& gpu) const {
  if (precision_text.empty()) return default_precision(model, gpu);
  return parse_precision(precision_text);
}

MemoryBudget SystemOptions::budget() const {
  if (!(memory_fraction > 0 && memory_fraction <= 1)) {
    throw Error("--memory-fraction", std::to_string(memory_fraction), "expected 0 < share <= 1");
  }
  if (!(runtime_reserve_gb >= 0 && runtime_reserve_gb < 1e6)) {
    throw Error("--runtime-reserve-gb", std::to_string(runtime_reserve_gb), "expected GB >= 0");
  }
  check_positive("--activation-tokens", activation_tokens);
  check_positive("--kv-sequence", kv_sequence);
  MemoryBudget budget;
  budget.usable_fraction = memory_fraction;
  budget.runtime_reserve = Bytes(runtime_reserve_gb * 1e9);
  budget.nominal_memory = nominal_memory;
  budget.activation_tokens = Tokens(activation_tokens);
  budget.kv_sequence = Tokens(kv_sequence);
  if (!offload.empty()) budget.offload = parse_weight_offload(offload, "--offload");
  if (!lora.empty()) budget.lora = parse_lora(lora, model(), "--lora");
  return budget;
}

ParallelConfig SystemOptions::parallel(const ModelSpec& model, const HardwareSpec& gpu) const {
  if (gpus) check_positive("--gpus", *gpus);
  if (gpu.instances_per_gpu > 1) return on_instances(*this, gpu);
  if (parallel_text.empty()) return chosen(*this, model, gpu);
  const ParallelConfig config = parse_parallel(parallel_text, parallel_option);
  return gpus ? filled_up(config, *gpus) : config;
}

Deployment SystemOptions::deployment() const {
  const ModelSpec spec = model();
  const HardwareSpec hardware = gpu();
  const ParallelConfig config = parallel(spec, hardware);
  auto placed = place(spec, hardware, config, precision(spec, hardware), budget());
  if (const auto* no = std::get_if<DoesNotFit>(&placed)) {
    throw does_not_fit_error(parallel_option + " " + label(config), spec, hardware, config, *no);
  }
  return std::get<Deployment>(std::move(placed));
}

void add_system_options(CLI::App& verb, SystemOptions& options, SystemScope scope) {
  verb.add_option("--model", options.model_name,
                  "catalog name (`inferbench list models`), config.json or own JSON")
      ->required();
  verb.add_option("--gpu", options.gpu_name, "catalog name (`inferbench list gpus`) or own JSON")
      ->required();
  verb.add_option("--model-context", options.context,
                  "longest sequence in tokens, instead of the model's own");
  CLI::Option* gpus = verb.add_option("--gpus", options.gpus, "number of GPUs");
  if (scope == SystemScope::search) gpus->required();
  if (scope == SystemScope::deployment) {
    verb.add_option("--parallel", options.parallel_text,
                    "degrees, e.g. tp4dp2 or tp2ep16pp2 (default: the smallest that fits)");
    verb.add_option("--instances", options.instances,
                    "replicas that share one GPU: N or N,mps evenly, 7,mig in slices (default 1)");
  }
  verb.add_option("--precision", options.precision_text,
                  "bf16, fp8, nvfp4, ..., with CLASS=TYPE terms: fp8,kv=bf16");
  verb.add_option("--domain", options.domain, "GPUs per link domain, instead of the catalog's");
  add_memory_options(verb, options);
}

}  // namespace inferbench
