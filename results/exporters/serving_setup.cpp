#include "results/exporters/serving_setup.hpp"

#include <nlohmann/json.hpp>

namespace inferbench {
namespace {

using nlohmann::ordered_json;

template <class Value>
std::optional<Value> at(const ordered_json& json, const char* pointer) {
  const ordered_json::json_pointer where(pointer);
  if (!json.contains(where)) return std::nullopt;
  const ordered_json& value = json.at(where);
  const bool fits = std::is_same_v<Value, std::string> ? value.is_string() : value.is_number();
  return fits ? std::optional(value.get<Value>()) : std::nullopt;
}

// The type that a deployment is named by: that of its largest weights.
std::optional<std::string> weights_type(const ordered_json& configuration) {
  const auto experts = at<std::string>(configuration, "/deployment/precision/experts");
  return experts ? experts : at<std::string>(configuration, "/deployment/precision");
}

// "TP4EP2", "TP1"; degrees of 1 are left out beside others.
std::string parallel_word(const ordered_json& configuration, const ServingSetup& setup) {
  if (!configuration.contains(ordered_json::json_pointer("/deployment/parallel"))) return "";
  std::string word;
  const auto add = [&](const char* name, std::int64_t degree) {
    if (degree > 1) word += name + std::to_string(degree);
  };
  add("TP", setup.tp);
  add("CP", setup.cp);
  add("EP", setup.ep);
  add("PP", setup.pp);
  add("DP", setup.dp);
  return word.empty() ? "TP1" : word;
}

}  // namespace

ServingSetup serving_setup(const RunResult& result) {
  const ordered_json& json = result.configuration.json();
  ServingSetup setup;
  setup.model = at<std::string>(json, "/deployment/model");
  setup.gpu = at<std::string>(json, "/deployment/gpu");
  setup.precision = weights_type(json);
  setup.rate_per_s = at<double>(json, "/workload/rate_per_s");
  setup.burstiness = at<double>(json, "/workload/burstiness");
  setup.concurrency = at<std::int64_t>(json, "/workload/concurrency");
  setup.isl_tokens = at<std::int64_t>(json, "/workload/isl_tokens");
  setup.osl_tokens = at<std::int64_t>(json, "/workload/osl_tokens");
  const auto degree = [&](const char* pointer) {
    return at<std::int64_t>(json, pointer).value_or(1);
  };
  setup.tp = degree("/deployment/parallel/tp");
  setup.cp = degree("/deployment/parallel/cp");
  setup.ep = degree("/deployment/parallel/ep");
  setup.pp = degree("/deployment/parallel/pp");
  setup.dp = degree("/deployment/parallel/dp");
  const std::int64_t product = setup.tp * setup.cp * setup.ep * setup.pp * setup.dp;
  setup.gpus = at<std::int64_t>(json, "/deployment/gpus").value_or(product);
  setup.parallel = parallel_word(json, setup);
  setup.workload = at<std::string>(json, "/workload/spec").value_or("");
  return setup;
}

}  // namespace inferbench
