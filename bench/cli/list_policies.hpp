#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace inferbench {

// What other rooms know by name, as text for people and as JSON: batching policies, workload
// specifications, service level objectives.
std::string scheduler_table();
nlohmann::ordered_json schedulers_json();

std::string workload_table();
nlohmann::ordered_json workloads_json();

std::string slo_table(bool sources);  // with sources: where each limit is from
nlohmann::ordered_json slos_json();

}  // namespace inferbench
