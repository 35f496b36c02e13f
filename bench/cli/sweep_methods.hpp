#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "bench/cli/kv_options.hpp"
#include "bench/cli/plan_rule_options.hpp"
#include "bench/cli/policy_options.hpp"
#include "bench/cli/sweep_profile.hpp"
#include "bench/cli/system_options.hpp"
#include "bench/cli/workload_options.hpp"
#include "harness/sweep/frontier.hpp"
#include "harness/sweep/steady.hpp"
#include "harness/sweep/sweep_method.hpp"
#include "results/run_result.hpp"

namespace CLI {
class App;
}

namespace inferbench {

// What only methods that replay are told.
struct ReplaySweepOptions {
  WorkloadArguments workload;
  std::vector<double> rates;        // requests/s
  std::vector<std::int64_t> users;  // closed loop
  std::string slo;
  std::int64_t max_batch = 256;
  double margin = 0.25;  // of a two-stage sweep
  PolicyArguments policy;
  KvArguments kv;
};

// What only the method that executes rank slices is told.
struct SliceSweepOptions {
  std::string system = "cpu", weights = "bf16", kv = "bf16";
  std::int64_t layers = 0;  // of each kind; 0: as many as the last cache does not hold
  double budget = 600;      // seconds that measuring may take
};
inline constexpr const char* kSlicesGroup = "Slices";

// What every method of the sweep verb is told.
struct SweepOptions : ProfileArguments {
  SystemOptions system;
  RuleOptions rules;
  std::string method = "steady";
  std::int64_t isl = Traffic{}.isl.count(), osl = Traffic{}.osl.count();
  std::vector<std::int64_t> chunks;  // empty: the default grid
  std::string max_ttft;              // "2s", "500ms"; empty: no limit
  std::optional<double> min_tps_user, max_tps_user;
  std::string json_path, csv_path, resume_path;
  std::size_t rows = 24;
  bool infeasible = false, no_plot = false;
  unsigned threads = 0;
  ReplaySweepOptions replay;
  SliceSweepOptions slices;
};

// The points to compute, how, and everything that they depend on (RunResult::configuration).
struct SweepPlan {
  SweepSystem system;
  std::unique_ptr<SweepMethod> method;
  std::vector<SweepTask> tasks;
  std::vector<std::string> about;  // what is swept, for people, one line each
  std::shared_ptr<nlohmann::ordered_json> configuration;
  Method label = Method::modelled;
  std::optional<unsigned> threads{};  // points at once, instead of --threads
  // After the run: what the result says besides, and the report at its end; may be empty.
  std::function<void(nlohmann::ordered_json& findings)> add_findings{};
  std::function<std::string()> closing{};
};

// How a method turns the options into a plan. A method is one entry of sweep_methods() and a
// function like this one; options of its own it registers in `add_options`.
struct SweepMethodEntry {
  std::string name;
  std::string about;
  std::function<void(CLI::App& verb, SweepOptions& options)> add_options;  // may be empty
  std::function<SweepPlan(const SweepOptions&)> plan;
};

const std::vector<SweepMethodEntry>& sweep_methods();

// Throws Error with the nearest names.
const SweepMethodEntry& find_sweep_method(const std::string& name);

// Shared by methods.
SweepSystem sweep_system(const SweepOptions& options);
std::vector<ParallelConfig> sweep_configs(const SweepOptions& options, const SweepSystem& system);
std::vector<Tokens> sweep_chunks(const SweepOptions& options);

// What any method's points depend on: model, GPU, precision, profile, memory rule, configurations.
nlohmann::ordered_json sweep_configuration(const SweepOptions& options, const SweepSystem& system,
                                           const std::vector<ParallelConfig>& configs,
                                           const std::vector<Tokens>& chunks);

}  // namespace inferbench
