#include "bench/cli/list_policies.hpp"

#include <nlohmann/json.hpp>

#include "harness/base/text_table.hpp"
#include "harness/metrics/slo.hpp"
#include "harness/schedule/registry.hpp"
#include "workloads/load.hpp"

namespace inferbench {

using Json = nlohmann::ordered_json;

namespace {

std::string options_of(const SchedulingPolicy& policy) {
  std::string text = policy.watermark ? "--watermark" : "";
  if (policy.aging > 0) text += ", --aging (" + std::to_string(policy.aging) + ")";
  return text.empty() ? "-" : text;
}

}  // namespace

std::string scheduler_table() {
  TextTable table({"scheduler", "what it does", "its own options"});
  for (const SchedulingPolicy& policy : scheduling_policies()) {
    table.add({std::string(policy.name), std::string(policy.description), options_of(policy)});
  }
  return table.str() +
         "\nThe first is the default. --step-tokens, --max-batch and --speculate go with all; "
         "docs/replay.md says more.\n";
}

nlohmann::ordered_json schedulers_json() {
  Json rows = Json::array();
  for (const SchedulingPolicy& policy : scheduling_policies()) {
    rows.push_back({{"name", policy.name},
                    {"description", policy.description},
                    {"watermark", policy.watermark},
                    {"aging", policy.aging > 0 ? Json(policy.aging) : Json()}});
  }
  return {{"schedulers", rows}};
}

std::string workload_table() {
  TextTable table({"workload", "kind", "what it is"});
  for (const WorkloadName& entry : workload_names())
    table.add({entry.name, entry.kind, entry.title});
  return table.str();
}

nlohmann::ordered_json workloads_json() {
  Json rows = Json::array();
  for (const WorkloadName& entry : workload_names()) {
    rows.push_back({{"name", entry.name}, {"kind", entry.kind}, {"title", entry.title}});
  }
  return {{"workloads", rows}};
}

std::string slo_table(bool sources) {
  TextTable table(sources ? std::vector<std::string>{"slo", "limits", "source"}
                          : std::vector<std::string>{"slo", "limits"});
  for (const NamedSlo& slo : named_slos()) {
    std::vector<std::string> row = {slo.name, slo.constraints};
    if (sources) row.push_back(slo.source);
    table.add(std::move(row));
  }
  return table.str();
}

nlohmann::ordered_json slos_json() {
  Json rows = Json::array();
  for (const NamedSlo& slo : named_slos()) {
    rows.push_back({{"name", slo.name}, {"constraints", slo.constraints}, {"source", slo.source}});
  }
  return {{"slos", rows}};
}

}  // namespace inferbench
