#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "harness/plan/deployment.hpp"
#include "workloads/request.hpp"
#include "workloads/workload_options.hpp"

namespace inferbench {

// Parts of RunResult::configuration that every verb writes alike, so that exporters, compare and
// the dashboard find them:
//
//   {"deployment": deployment_json(...),
//    "workload": {"spec": "azure:code.csv", "name": ..., "source": ..., "notes": [...],
//                 "requests": 1000, "rate_per_s": 2.5, "burstiness": 1.0, "concurrency": 64,
//                 "isl_tokens": 1024, "osl_tokens": 1024},
//    "scheduler": {"name": "in_flight", "step_tokens": 2048, ...},
//    "cost_profile": "default", "slo": "ttft_p99=2s", "seed": 1}
//
// Keys that do not apply are left out: no "concurrency" in an open loop, no "rate_per_s" in a
// closed one, no nominal "isl_tokens" / "osl_tokens" for a trace.

// {"model":..., "gpu":..., "gpus":8, "parallel":{"tp":8,"cp":1,"ep":1,"pp":1,"dp":1},
//  "precision":{"attention":"bf16",...}, "kv_capacity_tokens":..., "memory_available_bytes":...,
//  "memory_bytes":[{"part","bytes","how"}], "uneven":false}
nlohmann::ordered_json deployment_json(const Deployment& deployment);
nlohmann::ordered_json parallel_json(const ParallelConfig& parallel);
nlohmann::ordered_json precision_json(const Precision& precision);

// {"name", "source", "requests", "block_tokens", "notes"}
nlohmann::ordered_json workload_json(const Workload& workload);

// How the workload named by `spec` was read and offered: the keys above and every option that is
// not at its default. The spec's paths are reduced to file names; the file's hash is in provenance.
nlohmann::ordered_json workload_options_json(const std::string& spec,
                                             const WorkloadOptions& options);

}  // namespace inferbench
