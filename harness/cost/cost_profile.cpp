#include "harness/cost/cost_profile.hpp"

#include <filesystem>

#include "harness/base/embedded_file.hpp"
#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"

namespace inferbench {

const std::vector<EmbeddedFile>& cost_profile_files();

namespace {

DType strongest_supported(const std::vector<DType>& types, const HardwareSpec& gpu) {
  for (const DType type : types) {
    if (peak(gpu, type)) return type;
  }
  return DType::bf16;
}

}  // namespace

std::string_view name(ContextExchange exchange) {
  return exchange == ContextExchange::ring ? "ring" : "all-gather";
}

const std::vector<CostProfile>& cost_profiles() {
  static const std::vector<CostProfile> profiles = [] {
    std::vector<CostProfile> all;
    for (const EmbeddedFile& file : cost_profile_files()) {
      all.push_back(parse_cost_profile(std::string(file.text), std::string(file.name)));
    }
    return all;
  }();
  return profiles;
}

CostProfile find_cost_profile(const std::string& what) {
  std::vector<std::string> names;
  for (const CostProfile& profile : cost_profiles()) {
    if (profile.name == what) return profile;
    names.push_back(profile.name);
  }
  if (what.ends_with(".json") || std::filesystem::is_regular_file(what)) {
    return parse_cost_profile(read_file(what), what);
  }
  throw unknown_name("--profile", "cost profile", what, names, "inferbench explain --help");
}

Precision default_precision(const CostProfile& profile, const ModelSpec& model,
                            const HardwareSpec& gpu) {
  if (profile.weights.empty()) return default_precision(model, gpu);
  const DType type = strongest_supported(profile.weights, gpu);
  return profile.is_claims() ? claims_precision(type) : parse_precision(std::string(name(type)));
}

void refuse_in_claims(const CostProfile& profile, const Precision& precision,
                      const MemoryBudget& budget) {
  if (!profile.is_claims()) return;
  const auto refuse = [&](bool used, const char* option, const char* what) {
    if (!used) return;
    throw Error(option, std::string(what) + " under profile " + profile.name,
                "the claims formulation does not know them", "use --profile default");
  };
  const WeightFormat plain;
  refuse(precision.attention_format != plain || precision.ffn_format != plain ||
             precision.experts_format != plain || precision.head_format != plain ||
             precision.quantise_apart,
         "--precision", "GEMM inputs and sparsity");
  refuse(budget.offload.active(), "--offload", "offloaded weights");
  refuse(budget.lora.has_value(), "--lora", "adapters");
}

Precision claims_precision(DType weights) {
  Precision p;
  p.attention = p.ffn = p.experts = weights;
  const bool narrow = bytes_per_element(weights) < 2.0;
  if (narrow) p.head = p.kv = p.attention_math = p.dispatch = DType::fp8;
  return p;
}

}  // namespace inferbench
