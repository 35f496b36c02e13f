#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "bench/cli/verbs.hpp"
#include "bench/cli/workload_options.hpp"
#include "bench/cli/workload_report.hpp"
#include "harness/base/output_file.hpp"
#include "workloads/load.hpp"
#include "workloads/write_trace.hpp"

namespace inferbench {
namespace {

struct Arguments {
  WorkloadArguments workload;
  std::string json;  // describe
  std::string out = "-", format = "jsonl";
  bool short_hashes = false;
};

constexpr const char* kOpenLoopOnly = "workload verbs look at requests as they arrive in open loop";

void refuse_closed_loop(const WorkloadOptions& options) {
  if (!options.concurrency) return;
  throw Error("--concurrency", "has no meaning without a system that answers", kOpenLoopOnly,
              "give it to `inferbench replay`");
}

std::unique_ptr<RequestSource> open(const Arguments& given) {
  refuse_closed_loop(given.workload.options);
  return open_source(given.workload.spec, given.workload.options);
}

void describe(const Arguments& given) {
  // Before the work: an output that cannot be written is found now.
  std::optional<OutputFile> json;
  if (!given.json.empty()) json.emplace(given.json);
  const auto source = open(given);
  const WorkloadInfo info = source->info();
  WorkloadStats stats(info.block_tokens);
  while (source->next_arrival() != kNever) stats.add(source->pop());
  if (json) {
    json->write(workload_report_json(info, stats));
    json->commit();
  }
  if (!json || !json->is_stdout()) std::cout << workload_report(info, stats);
}

void convert(const Arguments& given) {
  const TraceOutput format = parse_trace_output(given.format, "--format");
  OutputFile out(given.out);
  const auto source = open(given);
  write_trace(*source, format, given.short_hashes, [&](std::string_view text) { out.write(text); });
  out.commit();
  const WorkloadInfo info = source->info();
  if (out.is_stdout()) return;
  std::cout << given.out << ": " << info.requests.value_or(0) << " requests\n";
  for (const std::string& note : info.notes) std::cout << "note: " << note << "\n";
}

void generate(const Arguments& given) {
  const std::string name = given.workload.spec.substr(0, given.workload.spec.find(':'));
  for (const WorkloadName& known : workload_names()) {
    const bool existing = known.kind == "trace" || known.kind == "sample";
    if (existing && (known.name == given.workload.spec || known.name.starts_with(name + ":"))) {
      throw Error("inferbench workload generate", "\"" + given.workload.spec + "\" exists already",
                  "generate takes a generator or a preset", "use `inferbench workload convert`");
    }
  }
  convert(given);
}

CLI::App* add_action(CLI::App& verb, const std::string& name, const std::string& help,
                     const std::shared_ptr<Arguments>& given,
                     void (*action)(const Arguments& given)) {
  CLI::App* const sub = verb.add_subcommand(name, help);
  sub->add_option("workload", given->workload.spec,
                  "azure:FILE, mooncake:FILE, ..., a generator, a preset or sample:NAME "
                  "(`inferbench list workloads`)")
      ->required()
      ->type_name("SPEC");
  add_workload_reading_options(*sub, given->workload.options);
  sub->callback([given, action] { action(*given); });
  return sub;
}

void add_output_options(CLI::App& sub, Arguments& given) {
  sub.add_option("-o,--out", given.out, "where to write (default: standard output)")
      ->type_name("FILE");
  sub.add_option("--format", given.format, "jsonl (default, loses nothing) | mooncake")
      ->type_name("FORMAT");
  sub.add_flag("--short-hashes", given.short_hashes,
               "number prefix blocks 0, 1, 2... in order of appearance");
}

}  // namespace

void add_workload_verb(CLI::App& program, VerbContext& context) {
  (void)context;
  CLI::App* const verb =
      program.add_subcommand("workload", "look at, make and convert request traces");
  verb->require_subcommand(1);
  const auto described = std::make_shared<Arguments>();
  CLI::App* const sub = add_action(
      *verb, "describe", "counts, rate, burstiness, lengths and ideal prefix hit of a workload",
      described, describe);
  sub->add_option("--json", described->json, "also write it as JSON (-: only that, to stdout)")
      ->type_name("FILE");
  const auto generated = std::make_shared<Arguments>();
  add_output_options(*add_action(*verb, "generate", "write the requests of a generator or preset",
                                 generated, generate),
                     *generated);
  const auto converted = std::make_shared<Arguments>();
  add_output_options(
      *add_action(*verb, "convert", "write any workload, rescaled, cut or jittered, as a trace",
                  converted, convert),
      *converted);
}

}  // namespace inferbench
