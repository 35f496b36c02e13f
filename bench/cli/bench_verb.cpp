#include <CLI/CLI.hpp>
#include <memory>

#include "bench/cli/bench_collectives.hpp"
#include "bench/cli/bench_kernels.hpp"
#include "bench/cli/bench_machine.hpp"
#include "bench/cli/seed_option.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/error.hpp"

namespace inferbench {

namespace {

void add_case_options(CLI::App& verb, BenchKernelsArguments& given) {
  verb.add_option("OP", given.ops, "operations, or all (`inferbench list kernels`)")
      ->delimiter(',');
  verb.add_option("-a,--axis", given.axes,
                  "an axis: M=[1,16,64], M=[start:stop:stride], 'M[pow2]=[0:8]',\n"
                  "model=llama-3-8b with tp=[1,8] for a model's shapes")
      ->allow_extra_args(false);
  verb.add_option("--dtype", given.formats, "formats, or all (default: each op's first)")
      ->delimiter(',');
  verb.add_option("--provider", given.providers,
                  "best, own, vendor, reference, all, or names (default: all; suites: best,vendor)")
      ->delimiter(',');
  verb.add_option("--suite", given.suite, "smoke, llm-core, full or anchor instead of axes");
  verb.add_option("--operators", given.operators, "an InferenceX operator test list (JSON)");
  verb.add_option("--fill", given.fill, "inputs: normal, outliers or extreme")
      ->capture_default_str();
  add_seed_option(verb, given.seed, "of inputs and of the order in each round");
}

void add_timing_options(CLI::App& verb, BenchKernelsArguments& given) {
  verb.add_option("--device", given.device, "cpu, or cuda: the first GPU")->capture_default_str();
  verb.add_option("--cache", given.cache,
                  "hot, cold or weights-cold (default: hot; with --device cuda cold)");
  verb.add_option("--clock", given.clock,
                  "what rates and intervals are of: wall or cpu time (default: wall)");
  verb.add_option("--timer", given.timer,
                  "with --device cuda: dual (events, then CUPTI) or events (default: dual)");
  verb.add_option("--threads", given.threads, "threads of each kernel")->capture_default_str();
  verb.add_option("--budget", given.budget,
                  "wall time for everything (default: 1s a row, at most 60s; suites: their own)");
  verb.add_option("--longest-run", given.longest_run, "skip what takes longer for a single run")
      ->capture_default_str();
  verb.add_option("--memory-limit", given.memory_limit,
                  "skip larger cases, e.g. 4G (default: a quarter of the memory)");
  verb.add_flag("--no-roofs", given.no_roofs, "do not probe the machine's roofs");
}

void add_output_options(CLI::App& verb, BenchKernelsArguments& given) {
  verb.add_flag("--list", given.list, "list ops with axes, formats and implementations, and stop");
  verb.add_flag("--dry-run", given.dry_run, "list the points and stop");
  verb.add_flag("--profile", given.profile, "run each point once, unchecked and untimed, and stop");
  verb.add_option("--json", given.json, "write the result file; - is stdout");
  verb.add_option("--csv", given.csv, "write the table as CSV");
  verb.add_option("--md", given.markdown, "write the table as Markdown");
  verb.add_option("--gbench", given.gbench, "write Google Benchmark's JSON");
}

// Options of kernels before `machine` or `collectives` would do nothing.
void refuse_kernel_options(const CLI::App& verb, const CLI::App& subcommand) {
  for (const CLI::Option* option : verb.get_options()) {
    if (option->count() == 0) continue;
    throw Error("bench " + subcommand.get_name(), option->get_name() + " " + option->results()[0],
                "goes with kernels, not with " + subcommand.get_name(),
                "inferbench bench OP ..., or inferbench bench " + subcommand.get_name() +
                    " with the options that its --help lists");
  }
}

}  // namespace

void add_bench_verb(CLI::App& program, VerbContext& context) {
  CLI::App* verb = program.add_subcommand("bench", "measure kernels and the machine");
  verb->require_subcommand(0, 1);
  const auto kernels = std::make_shared<BenchKernelsArguments>();
  add_case_options(*verb, *kernels);
  add_timing_options(*verb, *kernels);
  add_output_options(*verb, *kernels);
  verb->callback([verb, kernels, &context] {
    if (verb->get_subcommands().empty()) run_bench_kernels(*kernels, context);
  });
  verb->parse_complete_callback([verb] {
    for (const CLI::App* chosen : verb->get_subcommands()) refuse_kernel_options(*verb, *chosen);
  });
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
  machine->add_option("--device", given->device, "cpu, or cuda: the first GPU")
      ->capture_default_str();
  add_seed_option(*machine, given->seed, "order of the probes in each round");
  machine->add_option("--json", given->json, "write rates and raw samples as JSON; - is stdout");
  machine->add_flag("--csv", given->csv, "print the table as CSV");
  machine->callback([given, &context] { context.exit_code = run_bench_machine(*given); });
}

}  // namespace inferbench
