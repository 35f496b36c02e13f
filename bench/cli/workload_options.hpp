#pragma once

#include <string>

#include "workloads/workload_options.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// --workload and everything that says how it is offered. Must outlive the parsing of the verb.
struct WorkloadArguments {
  std::string spec;  // for open_source() and load_workload() of workloads/load.hpp
  WorkloadOptions options;
};

// Registers --workload, --seed, --requests, --rate, --time-scale, --window, --concurrency,
// --think-time, --jitter, --turns, --sort, --skip-invalid and --max-output on a verb, in the help
// group "Workload". `required`: --workload must be given. Values that cannot be used throw Error
// while the command line is parsed.
void add_workload_options(CLI::App& verb, WorkloadArguments& arguments, bool required = true);

// The options but without --workload: for verbs that take the spec elsewhere.
void add_workload_reading_options(CLI::App& verb, WorkloadOptions& options);

}  // namespace inferbench
