#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "harness/replay/deployed_system.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// How a replay keeps keys and values, as typed (docs/kv-memory.md).
struct KvArguments {
  std::string layout = "paged", preempt = "recompute";
  std::optional<double> host_gb, cpu_tier_gb;  // per GPU
  bool prefix_cache = false;

  // Throws Error naming the option that cannot be used.
  KvServing serving() const;
};

// The same for a workload whose hashes stand for so many tokens each, checked against the blocks.
KvServing kv_serving(const KvArguments& arguments, Tokens hash_tokens, Tokens block_tokens);

void add_kv_options(CLI::App& verb, KvArguments& arguments);

// What of it a result file says.
nlohmann::ordered_json kv_json(const KvOptions& options);

// As typed, where each deployment has sizes of its own.
nlohmann::ordered_json kv_json(const KvArguments& arguments);

// What the user should know of these options beside this workload.
std::vector<std::string> kv_notes(const KvOptions& options);

}  // namespace inferbench
