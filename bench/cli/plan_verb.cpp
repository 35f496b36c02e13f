#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "bench/cli/plan_report.hpp"
#include "bench/cli/plan_rule_options.hpp"
#include "bench/cli/system_options.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"

namespace inferbench {
namespace {

struct PlanOptions {
  SystemOptions system;
  RuleOptions rules;
  bool count = false;
  bool fitting = false;
  std::string explain;
  std::string json_path;
};

Plan make_plan(const PlanOptions& options) {
  Plan plan;
  plan.model = options.system.model();
  plan.gpu = options.system.gpu();
  plan.precision = options.system.precision(plan.model, plan.gpu);
  plan.budget = options.system.budget();
  plan.gpus = *options.system.gpus;
  const PlanRules rules = options.rules.rules(plan.model, plan.gpu, plan.precision, plan.budget);
  plan.rows = plan_rows(plan.model, plan.gpu, plan.gpus, plan.precision, rules, plan.budget);
  plan.rules = describe(rules, enumerate(plan.gpus, rules, plan.model));
  return plan;
}

std::string explained(const Plan& plan, const std::string& text) {
  const ParallelConfig wanted = parse_parallel(text, "--explain");
  for (const PlanRow& row : plan.rows) {
    if (row.parallel == wanted) return explain_row(plan, row);
  }
  throw Error("--explain", label(wanted) + " is not among the configurations listed",
              "they use exactly " + std::to_string(plan.gpus) + " GPUs",
              "its own count is " + std::to_string(wanted.gpus()) +
                  "; --divisors and --context-parallel list more");
}

void run_plan(const PlanOptions& options) {
  std::optional<OutputFile> json;
  if (!options.json_path.empty()) json.emplace(options.json_path);
  Plan plan = make_plan(options);
  if (!options.explain.empty()) {
    std::cout << explained(plan, options.explain);
    return;
  }
  const std::int64_t allowed =
      static_cast<std::int64_t>(plan.rows.size()) - count_verdict(plan.rows, Verdict::ruled_out);
  if (options.count) {
    std::cout << (options.fitting ? count_verdict(plan.rows, Verdict::fits) : allowed) << "\n";
    return;
  }
  if (json) {
    json->write(plan_json(plan).dump(1) + "\n");
    json->commit();
  }
  if (!json || !json->is_stdout()) std::cout << plan_table(plan, options.fitting);
}

}  // namespace

void add_plan_verb(CLI::App& program, VerbContext&) {
  CLI::App* verb = program.add_subcommand(
      "plan", "every way to spread a model over N GPUs, fitting or not and why");
  const auto options = std::make_shared<PlanOptions>();
  add_system_options(*verb, options->system, SystemScope::search);
  add_rule_options(*verb, options->rules);
  verb->add_flag("--count", options->count,
                 "print one number: configurations that pass the rules (with --fitting: and fit)");
  verb->add_flag("--fitting", options->fitting, "list only what fits");
  verb->add_option("--explain", options->explain,
                   "one configuration, e.g. tp2ep16pp2: memory by part, and where groups lie");
  verb->add_option("--json", options->json_path, "write the plan as JSON; - is stdout");
  verb->callback([options] { run_plan(*options); });
}

}  // namespace inferbench
