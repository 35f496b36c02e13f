#include "bench/cli/kv_options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {
namespace {

constexpr const char* kMemoryGroup = "KV memory";

Bytes gigabytes(const char* option, const std::optional<double>& value) {
  if (!value) return Bytes(0);
  if (!(*value > 0 && *value < 1e6)) {
    throw Error(option, significant(*value) + " is not usable", "gigabytes per GPU, above 0",
                "64 is a common size; leave it out for none");
  }
  return Bytes(*value * 1e9);
}

KvOptions::Layout layout_named(const std::string& name) {
  if (name == "paged") return KvOptions::Layout::paged;
  if (name == "contiguous") return KvOptions::Layout::contiguous;
  throw unknown_name("--kv", "layout", name, {"paged", "contiguous"});
}

KvOptions::Preemption preemption_named(const std::string& name) {
  if (name == "recompute") return KvOptions::Preemption::recompute;
  if (name == "swap") return KvOptions::Preemption::swap;
  throw unknown_name("--preempt", "preemption", name, {"recompute", "swap"});
}

}  // namespace

KvServing KvArguments::serving() const {
  KvServing serving;
  serving.options.layout = layout_named(layout);
  serving.options.preemption = preemption_named(preempt);
  serving.options.prefix_cache = prefix_cache;
  serving.host = gigabytes("--host-kv-gb", host_gb);
  serving.cpu_tier = gigabytes("--kv-cpu-tier", cpu_tier_gb);
  if (serving.options.preemption == KvOptions::Preemption::swap && !host_gb) {
    serving.host = Bytes(4e9);
  }
  return serving;
}

KvServing kv_serving(const KvArguments& arguments, Tokens hash_tokens, Tokens block_tokens) {
  KvServing serving = arguments.serving();
  if (serving.options.prefix_cache) serving.options.hash_tokens = hash_tokens;
  KvOptions sized = serving.options;  // sizes in tokens are known per deployment only
  if (serving.host.count() > 0) sized.host = block_tokens;
  if (serving.cpu_tier.count() > 0)
    sized.cpu_tier = std::max(hash_tokens, block_tokens) * 1'000'000;
  check_options(sized, block_tokens);
  return serving;
}

void add_kv_options(CLI::App& verb, KvArguments& arguments) {
  const auto add = [&](const char* name, auto& value, const char* help) {
    return verb.add_option(name, value, help)->group(kMemoryGroup);
  };
  add("--kv", arguments.layout,
      "paged: blocks as a sequence grows; contiguous: room for the longest possible answer from "
      "admission on")
      ->capture_default_str();
  add("--preempt", arguments.preempt,
      "what a preempted request had: recompute, or swap to host memory and back")
      ->capture_default_str();
  add("--host-kv-gb", arguments.host_gb,
      "host memory per GPU for swapped requests (default 4 with --preempt swap)");
  verb.add_flag("--prefix-cache", arguments.prefix_cache,
                "keep prompts' KV for later prompts that begin alike; needs a workload with block "
                "hashes (default off)")
      ->group(kMemoryGroup);
  add("--kv-cpu-tier", arguments.cpu_tier_gb,
      "GB of host memory per GPU for prefixes that left the GPU (default none)");
}

nlohmann::ordered_json kv_json(const KvOptions& options) {
  nlohmann::ordered_json json;
  json["layout"] = options.layout == KvOptions::Layout::paged ? "paged" : "contiguous";
  json["preemption"] = options.preemption == KvOptions::Preemption::swap ? "swap" : "recompute";
  json["host_tokens"] = options.host.count();
  json["prefix_cache"] = options.prefix_cache;
  json["hash_tokens"] = options.hash_tokens.count();
  json["cpu_tier_tokens"] = options.cpu_tier.count();
  return json;
}

nlohmann::ordered_json kv_json(const KvArguments& arguments) {
  nlohmann::ordered_json json;
  json["layout"] = arguments.layout;
  json["preemption"] = arguments.preempt;
  if (arguments.host_gb) json["host_gb"] = *arguments.host_gb;
  json["prefix_cache"] = arguments.prefix_cache;
  if (arguments.cpu_tier_gb) json["cpu_tier_gb"] = *arguments.cpu_tier_gb;
  return json;
}

std::vector<std::string> kv_notes(const KvOptions& options) {
  std::vector<std::string> notes;
  if (options.prefix_cache && options.hash_tokens == Tokens(0)) {
    notes.emplace_back(
        "--prefix-cache: the workload has no block hashes, so nothing is cached; traces with "
        "hash_ids and generators with prefix= or turns= have them");
  }
  if (options.host + options.cpu_tier > Tokens(0)) {
    notes.push_back(
        "host memory for KV: " + with_commas((options.host + options.cpu_tier).count()) +
        " tokens per attention rank; the catalog does not say how much a server has, "
        "so it is not checked");
  }
  return notes;
}

}  // namespace inferbench
