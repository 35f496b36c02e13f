#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/metrics/summary.hpp"
#include "harness/plan/deployment.hpp"
#include "harness/replay/deployed_system.hpp"
#include "workloads/request_source.hpp"

namespace inferbench {

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
  std::vector<std::string> notes;  // what was assumed or left out
};

// For people, the verdict first: whether the run is valid and the SLO met, what was run, what users
// saw, what the GPUs delivered, how full the system was.
std::string replay_report(const ReplayOutcome& outcome);

}  // namespace inferbench
