#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "workloads/request_source.hpp"
#include "workloads/workload_options.hpp"

namespace inferbench {

// Where requests come from, in one line, the same for every verb:
//
//   azure:FILE mooncake:FILE burstgpt:FILE bailian:FILE sharegpt:FILE jsonl:FILE   plain or gzip
//   servegen:DIR                          client windows, composed to a rate
//   poisson:rate=2,isl=uniform(800,1000),osl=fixed(200)   a generator: synthetic/generator_spec.hpp
//   inferencemax-1k1k                     a preset: synthetic/presets.hpp
//   sample:chat-burst                     a bundled sample
//
// open_source reads a trace twice: once to check it whole and to learn its rate, its longest answer
// and its time resolution, before anything runs; once while the run consumes it. Memory does not
// grow with its length, conversations aside (one entry each) and --sort aside.
//
// Throws Error for an unknown name (with the nearest ones), a file that cannot be used (with file
// and line) and options that do not go together.
std::unique_ptr<RequestSource> open_source(std::string_view spec, const WorkloadOptions& options);

// The same requests in memory, as in open loop: concurrency and think time are not applied.
Workload load_workload(std::string_view spec, const WorkloadOptions& options);

// A source over a loaded workload, for runs that offer the same requests many times. Applies seed,
// requests, rate, time_scale, window, concurrency, think_time and max_output; the others belong to
// reading.
std::unique_ptr<RequestSource> open_source(std::shared_ptr<const Workload> workload,
                                           const WorkloadOptions& options);

// One name a spec may begin with or be, and what it means; for `inferbench list workloads`.
struct WorkloadName {
  std::string name;   // "azure:FILE", "inferencemax-1k1k", "sample:chat-burst"
  std::string kind;   // "trace", "generator", "preset", "sample"
  std::string title;  // one line
};
std::vector<WorkloadName> workload_names();

}  // namespace inferbench
