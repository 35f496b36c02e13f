#include "bench/cli/replay_outputs.hpp"

#include <iostream>
#include <utility>

#include "harness/base/error.hpp"
#include "results/exporters/export.hpp"

namespace inferbench {
namespace {

std::string file_name(const std::string& path) {
  return path.substr(path.find_last_of('/') + 1);
}

void print(const ReplayArguments& given, const ReplayOutcome& outcome, const RunResult& result,
           std::span<const RequestRecord> records) {
  if (given.console.empty()) {
    std::cout << replay_report(outcome);
    return;
  }
  const Export console = export_vllm_console(result, records, {});
  std::cout << console.text;
  for (const std::string& note : console.notes) std::cerr << "note: " << note << "\n";
  std::cerr << (result.method == Method::modelled
                    ? "note: modelled times, no GPU ran\n"
                    : "note: computed on this host, its cores stand for one GPU\n");
}

}  // namespace

ReplayOutputs::ReplayOutputs(const ReplayArguments& given) {
  const std::pair<const char*, const std::string&> files[] = {
      {"--json", given.json}, {"--records", given.records}, {"--timeline", given.timeline}};
  const char* piped = nullptr;
  for (const auto& [option, file] : files) {
    if (file != "-") continue;
    if (piped != nullptr) {
      throw Error(option, std::string("stdout is taken by ") + piped + " -",
                  "one of them can be piped", "name a file");
    }
    piped = option;
  }
  if (!given.json.empty()) json = std::make_unique<OutputFile>(given.json);
  if (!given.records.empty()) records = std::make_unique<RecordWriter>(given.records);
}

RunResult ReplayOutputs::result(const ReplayArguments& given, Method method,
                                JsonBlock configuration, const Summary& summary,
                                Provenance provenance) {
  if (records && given.records != "-") provenance.records_file = file_name(given.records);
  std::optional<RecordsReference> reference;
  if (records) reference = records->commit();
  inferbench::finish(provenance);
  RunResult result =
      make_run_result(method, std::move(configuration), summary, std::move(provenance));
  result.records = reference;
  return result;
}

void ReplayOutputs::finish(const ReplayArguments& given, const ReplayOutcome& outcome,
                           const RunResult& result, std::span<const RequestRecord> of_requests) {
  if (json) write_run_result(result, *json);
  const bool stdout_taken = given.json == "-" || given.records == "-" || given.timeline == "-";
  if (!stdout_taken) print(given, outcome, result, of_requests);
}

void refuse_unknown_console(const ReplayArguments& given) {
  if (given.console.empty() || given.console == "vllm") return;
  throw unknown_name("--console", "report", given.console, {"vllm"});
}

}  // namespace inferbench
