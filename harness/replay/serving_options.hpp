#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/execute/speculation.hpp"
#include "harness/replay/fleet_serving.hpp"
#include "harness/schedule/scheduler_options.hpp"

namespace inferbench {

class StepObserver;

// How a deployment keeps keys and values: KvOptions with sizes in bytes. The host memory is that of
// each GPU; how much a server has is not in the catalog, so it is not checked.
struct KvServing {
  KvOptions options;  // its sizes are set from these
  Bytes host{};       // per GPU, for swapped requests
  Bytes cpu_tier{};   // per GPU, for prefixes that left the GPU
};

// How a deployment serves. Limits are per attention rank, as in SchedulerOptions.
struct ServingOptions {
  std::string scheduler = "in_flight";
  Tokens step_tokens{2048};
  std::int64_t max_batch = 256;
  Tokens block_tokens{16};
  double watermark = SchedulerOptions{}.watermark;
  std::optional<std::int64_t> aging{};
  std::optional<Speculation> speculation{};
  std::uint64_t seed = 0;  // of which drafted tokens are accepted, and of routers that draw
  KvServing kv{};
  std::string router = "least_loaded";
  std::optional<Time> cut{};  // the run ends here; open requests are unfinished
  FleetServing fleet{};
  StepObserver* observer = nullptr;  // looks on; must outlive the system
};

}  // namespace inferbench
