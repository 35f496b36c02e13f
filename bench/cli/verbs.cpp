#include "bench/cli/verbs.hpp"

#include <initializer_list>

namespace inferbench {

// One line a verb, in the order of --help; each is defined in the file of its name.

void add_export_verb(CLI::App& program, VerbContext& context);
void add_validate_result_verb(CLI::App& program, VerbContext& context);
void add_dashboard_verb(CLI::App& program, VerbContext& context);
void add_claims_verb(CLI::App& program, VerbContext& context);
void add_list_verb(CLI::App& program, VerbContext& context);
void add_plan_verb(CLI::App& program, VerbContext& context);
void add_replay_verb(CLI::App& program, VerbContext& context);
void add_sweep_verb(CLI::App& program, VerbContext& context);
void add_find_max_verb(CLI::App& program, VerbContext& context);
void add_advise_verb(CLI::App& program, VerbContext& context);
void add_explain_verb(CLI::App& program, VerbContext& context);
void add_workload_verb(CLI::App& program, VerbContext& context);
void add_bench_verb(CLI::App& program, VerbContext& context);
void add_calibrate_verb(CLI::App& program, VerbContext& context);
void add_doctor_verb(CLI::App& program, VerbContext& context);
void add_selftest_verb(CLI::App& program, VerbContext& context);
void add_compare_verb(CLI::App& program, VerbContext& context);
void add_worker_verb(CLI::App& program, VerbContext& context);
void add_calibrate_gate_verb(CLI::App& program, VerbContext& context);
void add_history_verb(CLI::App& program, VerbContext& context);
void add_tables_verb(CLI::App& program, VerbContext& context);
void add_validate_verb(CLI::App& program, VerbContext& context);

void add_all_verbs(CLI::App& program, VerbContext& context) {
  const std::initializer_list<AddVerb> verbs = {
      add_list_verb,     add_workload_verb, add_plan_verb,           add_replay_verb,
      add_sweep_verb,    add_find_max_verb, add_advise_verb,         add_explain_verb,
      add_claims_verb,   add_export_verb,   add_dashboard_verb,      add_validate_result_verb,
      add_selftest_verb, add_bench_verb,    add_calibrate_verb,      add_doctor_verb,
      add_compare_verb,  add_worker_verb,   add_calibrate_gate_verb, add_history_verb,
      add_tables_verb,   add_validate_verb,
  };
  for (const AddVerb add : verbs) add(program, context);
}

}  // namespace inferbench
