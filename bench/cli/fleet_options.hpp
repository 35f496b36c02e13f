#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/cli/system_options.hpp"
#include "harness/replay/deployed_system.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// What befalls the fleet and what its clients do, as typed. Must outlive the parsing of the verb.
struct FleetArguments {
  std::string router = "least_loaded";
  std::vector<std::string> events;
  std::string events_file;
  std::string on_failure = "reroute";
  std::optional<std::int64_t> max_open, max_open_per_replica;
  std::string ttft_timeout, timeout;  // empty: none
  std::int64_t retries = 0;
  std::optional<std::string> retry_backoff;  // absent: 1 s
  std::string autoscale;                     // empty: no autoscaler
  std::string prefill_parallel, decode_parallel, decode_gpu;
  std::optional<std::string> decode_router, transfer;  // absent: least_loaded, scale_out
  std::string stages;                                  // file; empty: the model alone

  // The deployment that requests enter: --prefill-parallel where there is one. Throws Error for
  // options that do not go together.
  SystemOptions entry(const SystemOptions& system) const;
  FleetServing serving(const SystemOptions& system) const;
};

void add_fleet_options(CLI::App& verb, FleetArguments& arguments);

// For the result file's configuration and the report: only what was asked for.
nlohmann::ordered_json fleet_json(const FleetArguments& given, const FleetServing& serving);
// "Fleet: 1 replica failed, 12 requests rerouted, ..."; empty when nothing happened.
std::string fleet_line(const FleetActivity& activity);

}  // namespace inferbench
