#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/metrics/summary.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/replay/deployed_system.hpp"
#include "workloads/request_source.hpp"

namespace inferbench {

// What the report says of a run whose steps were computed, instead of the deployment.
struct ExecutedSystem {
  std::string verdict = "replay executed on this host";
  std::string precision{};             // "bf16 weights, bf16 KV"
  std::string system{};                // "this host, 2 threads"
  std::string times{};                 // "measured-host, ..."
  std::vector<std::string> closing{};  // lines below the activity
};

// What a replay leaves behind besides its records.
struct ReplayOutcome {
  Deployment deployment;
  WorkloadInfo workload;
  ServingOptions serving;
  SchedulerOptions limits;
  std::string profile;  // "default (ops)"
  Summary summary;
  std::vector<ReplicaStats> replicas;
  FleetActivity fleet;
  std::vector<std::string> notes;            // what was assumed or left out
  std::optional<ExecutedSystem> executed{};  // absent: modelled
};

// Scheduler, limits and KV memory, for a result's configuration.
nlohmann::ordered_json scheduler_json(const ReplayOutcome& outcome);

// For people, the verdict first: whether the run is valid and the SLO met, what was run, what users
// saw, what the GPUs delivered, how full the system was.
std::string replay_report(const ReplayOutcome& outcome);

}  // namespace inferbench
