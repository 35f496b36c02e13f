#include <CLI/CLI.hpp>
#include <memory>

#include "bench/cli/bench_collectives.hpp"
#include "bench/cli/bench_machine.hpp"
#include "bench/cli/verbs.hpp"

namespace inferbench {

void add_bench_verb(CLI::App& program, VerbContext& context) {
  CLI::App* verb = program.add_subcommand("bench", "measure on this machine");
  verb->require_subcommand(1);
  add_bench_collectives(*verb, context);
  CLI::App* machine = verb->add_subcommand(
      "machine", "the machine's roofs: peak arithmetic per type, bandwidth of caches and memory");
  const auto given = std::make_shared<BenchMachineArguments>();
  machine
      ->add_option("--threads", given->threads,
                   "numbers of threads, one after another (default: 1 and all cores)")
      ->delimiter(',');
  machine->add_option("--budget", given->budget, "wall time for all probes together")
      ->capture_default_str();
  machine->add_option("--only", given->only, "probes by name (default: all)")->delimiter(',');
  machine->add_option("--seed", given->seed, "order of the probes in each round")
      ->capture_default_str();
  machine->add_option("--json", given->json, "write rates and raw samples as JSON; - is stdout");
  machine->add_flag("--csv", given->csv, "print the table as CSV");
  machine->callback([given] { run_bench_machine(*given); });
}

}  // namespace inferbench
