#include "bench/cli/executed_run.hpp"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "results/configuration.hpp"

namespace inferbench {
namespace {

std::string kv_name(KvType type) {
  return kv_formats()[static_cast<std::size_t>(type)];
}

std::string given_weights(const CpuSetup& setup) {
  return setup.checkpoint ? setup.checkpoint->files.path() : "random";
}

// Each rank stands where a deployment has a GPU.
nlohmann::ordered_json deployment_json(const CpuSetup& setup, std::size_t weight_bytes,
                                       const std::string& gpu) {
  const std::string& weights = setup.weights->name;
  const auto bytes = [](const char* part, Bytes size) {
    return nlohmann::ordered_json{{"part", part}, {"bytes", size.count()}};
  };
  return {{"model", setup.model.name},
          {"gpu", gpu},
          {"gpus", setup.ranks()},
          {"parallel", parallel_json(setup.parallel)},
          {"precision",
           {{"attention", weights},
            {"ffn", weights},
            {"experts", weights},
            {"head", weights},
            {"kv", kv_name(setup.kv)}}},
          {"weights_from", given_weights(setup)},
          {"threads", setup.threads},
          {"kernels", setup.kernels == KernelSet::fast ? "fast" : "invariant"},
          {"clock", on_wall_clock(setup) ? "wall" : "simulated"},
          {"sampling",
           {{"temperature", setup.sampling.temperature},
            {"top_k", setup.sampling.top_k},
            {"top_p", setup.sampling.top_p}}},
          {"kv_capacity_tokens", setup.limits.kv_blocks * setup.limits.block_tokens.count()},
          {"packed_weight_bytes", weight_bytes},
          {"memory_bytes",
           {bytes("weights", setup.need.weights), bytes("embedding table", setup.need.table),
            bytes("KV pool", setup.need.kv), bytes("activations", setup.need.activations)}}};
}

}  // namespace

bool on_wall_clock(const CpuSetup& setup) {
  return setup.clock == ReplayClockKind::wall;
}

std::string digest_text(std::uint64_t digest) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(digest));
  return text;
}

std::string executed_precision(const CpuSetup& setup) {
  return setup.weights->name + " weights (" + given_weights(setup) + "), " + kv_name(setup.kv) +
         " KV";
}

nlohmann::ordered_json executed_configuration(const ReplayArguments& given, const CpuSetup& setup,
                                              const ReplayOutcome& outcome,
                                              std::size_t weight_bytes, const std::string& gpu) {
  nlohmann::ordered_json workload =
      workload_options_json(given.workload.spec, given.workload.options);
  workload["name"] = outcome.workload.name;
  workload["notes"] = outcome.workload.notes;
  nlohmann::ordered_json out;
  out["deployment"] = deployment_json(setup, weight_bytes, gpu);
  out["workload"] = std::move(workload);
  out["scheduler"] = scheduler_json(outcome);
  if (!given.slo.empty()) out["slo"] = given.slo;
  out["seed"] = given.workload.options.seed;
  return out;
}

}  // namespace inferbench
