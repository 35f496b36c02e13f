#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>

#include "bench/cli/verbs.hpp"
#include "harness/timing/pinning.hpp"
#include "results/gate/series/serve_worker.hpp"

namespace inferbench {
namespace {

struct WorkerArguments {
  ServeOptions serve{.suite = "smoke", .slowdown = 0, .slow_only = {}};
  std::vector<std::string> only;
  int cpu = -1;
};

void run_worker(const WorkerArguments& given, VerbContext& context) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody is left to answer
  if (given.cpu >= 0) pin_to_allowed_core(static_cast<unsigned>(given.cpu));
  ThreadStopwatch stopwatch;
  const bool served = serve_worker(gate_series(given.serve.suite, given.only), given.serve,
                                   stopwatch, std::cin, std::cout);
  if (!served) context.exit_code = ExitCode::bad_input;
}

}  // namespace

void add_worker_verb(CLI::App& program, VerbContext& context) {
  CLI::App* verb = program.add_subcommand(
      "worker", "run series on command, one a line: what `compare` starts of each program");
  const auto given = std::make_shared<WorkerArguments>();
  verb->add_option("--suite", given->serve.suite, "`inferbench compare --list` shows them")
      ->capture_default_str();
  verb->add_option("--only", given->only, "series whose names begin so")->delimiter(',');
  verb->add_option("--cpu", given->cpu, "run on the n-th core that may be used")
      ->check(CLI::Range(0, 1 << 20));
  verb->add_option("--slowdown", given->serve.slowdown,
                   "take so much longer, as a part of the time: to try out a gate")
      ->check(CLI::Range(0.0, 10.0));
  verb->add_option("--slow-only", given->serve.slow_only, "series that --slowdown is for");
  verb->callback([given, &context] { run_worker(*given, context); });
}

}  // namespace inferbench
