#include "bench/cli/gate_options.hpp"

#include <unistd.h>

#include "harness/base/error.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {

void add_gate_options(CLI::App& verb, GateArguments& given) {
  verb.add_option("--suite", given.suite, "`inferbench compare --list` shows them")
      ->capture_default_str();
  verb.add_option("--only", given.only, "series whose names begin so")->delimiter(',');
  verb.add_option("--clock", given.clock, "what is compared: wall or cpu time")
      ->capture_default_str();
  verb.add_option("--margin", given.rule.margin, "changes up to this part are nobody's regression")
      ->capture_default_str();
  verb.add_option("--target", given.rule.target, "slowdowns of this part are to be found")
      ->capture_default_str();
  verb.add_option("--alpha", given.rule.alpha, "chance of a false alarm, of the whole suite")
      ->capture_default_str();
  verb.add_option("--beta", given.rule.beta, "chance that a slowdown of the target's size passes")
      ->capture_default_str();
  verb.add_option("--patience", given.patience, "a worker that answers later hangs")
      ->capture_default_str();
}

TimedClock gate_clock(const GateArguments& given) {
  if (given.clock == "wall") return TimedClock::wall;
  if (given.clock == "cpu") return TimedClock::cpu;
  throw unknown_name("--clock", "clock", given.clock, {"wall", "cpu"});
}

Duration gate_time(const std::string& given, const char* option) {
  const Duration time = parse_duration(given, option);
  if (time > Duration(0)) return time;
  throw Error(option, given, "must be more than 0", "60s");
}

WorkerProgram gate_worker(const GateArguments& given, const std::string& program,
                          const char* option) {
  if (access(program.c_str(), X_OK) != 0) {
    throw Error(option, "\"" + program + "\" is no program that can be run",
                "expected a file that is executable",
                "give its path: ./build/release/bin/inferbench");
  }
  WorkerProgram worker{.command = {program, "worker", "--suite", given.suite},
                       .patience = gate_time(given.patience, "--patience")};
  for (const std::string& only : given.only) {
    worker.command.insert(worker.command.end(), {"--only", only});
  }
  return worker;
}

void try_worker(WorkerSource& source, const std::string& program, const char* option) {
  try {
    static_cast<void>(source.launch({}));
  } catch (const WorkerFailure& failure) {
    throw Error(option, "\"" + program + "\" " + failure.what(),
                "expected an inferbench whose `worker` knows this suite",
                "build both from versions that have it; inferbench compare --list shows suites");
  }
}

}  // namespace inferbench
