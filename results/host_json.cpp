#include "results/host_json.hpp"

#include <nlohmann/json.hpp>

#include "results/json_numbers.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

void put_text(ordered_json& object, const std::string& key, const std::string& text) {
  if (text.empty()) {
    object["absent"][key] = "not readable on this machine";
  } else {
    object[key] = text;
  }
}

void put_texts(ordered_json& out, const char* key, const HostTexts& texts) {
  if (texts.empty()) return;
  for (const auto& [name, text] : texts) out[key][name] = text;
}

}  // namespace

ordered_json host_json(const HostInfo& host) {
  ordered_json out = ordered_json::object();
  put_text(out, "name_hash", host.name_hash);
  put_text(out, "cpu", host.cpu);
  put_text(out, "architecture", host.architecture);
  put_text(out, "microcode", host.microcode);
  put_text(out, "governor", host.governor);
  put_text(out, "kernel", host.kernel);
  put_text(out, "distribution", host.distribution);
  put_text(out, "glibc", host.glibc);
  put_text(out, "load_average", host.load_average);
  out["sockets"] = host.sockets;
  out["physical_cores"] = host.physical_cores;
  out["logical_cpus"] = host.logical_cpus;
  out["allowed_cpus"] = host.allowed_cpus;
  if (host.virtual_machine) out["virtual_machine"] = *host.virtual_machine;
  out["memory_bytes"] = json_integer(host.memory_bytes);
  out["caches"] = ordered_json::array();
  for (const CacheInfo& cache : host.caches) {
    out["caches"].push_back(
        {{"level", cache.level}, {"type", cache.type}, {"bytes", json_integer(cache.bytes)}});
  }
  put_texts(out, "settings", host.settings);
  put_texts(out, "variables", host.variables);
  put_texts(out, "state", host.state);
  put_texts(out, "state_at_end", host.state_at_end);
  return out;
}

}  // namespace inferbench
