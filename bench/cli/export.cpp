#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>

#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "results/exporters/export.hpp"
#include "results/exporters/series_exports.hpp"

namespace inferbench {
namespace {

struct Options {
  std::string file, format, records, output = "-";
  std::vector<std::string> metrics, metadata;
  std::vector<double> percentiles;
  bool detailed = false;
};

using RequestExporter = Export (*)(const RunResult&, std::span<const RequestRecord>,
                                   const ExportOptions&);
using SeriesExporter = Export (*)(const RunResult&);

struct Format {
  std::string name, what;
  RequestExporter of_requests;        // made from a replay's request records, or
  SeriesExporter of_series;           // from the result alone
  std::vector<double> percentiles{};  // the tool's own choice
};

const std::vector<Format>& formats() {
  static const std::vector<Format> list = {
      {"vllm", "the JSON of vllm bench serve", export_vllm, nullptr, {99}},
      {"vllm-console", "its console block", export_vllm_console, nullptr, {99}},
      {"inferencex", "an InferenceX row", export_inferencex, nullptr, {90, 99, 99.9}},
      {"aiperf", "AIPerf's profile_export_aiperf.json", export_aiperf, nullptr},
      {"google-benchmark", "Google Benchmark's JSON (kernels)", nullptr, export_google_benchmark},
      {"github-action-smaller", "github-action-benchmark's customSmallerIsBetter", nullptr,
       export_github_action_smaller},
      {"github-action-bigger", "its customBiggerIsBetter", nullptr, export_github_action_bigger},
      {"bencher", "Bencher Metric Format", nullptr, export_bencher},
      {"openmetrics", "OpenMetrics text for Prometheus", nullptr, export_openmetrics},
  };
  return list;
}

std::string format_names() {
  std::string text;
  for (const Format& format : formats()) {
    text += (text.empty() ? "" : "\n") + format.name + ": " + format.what;
  }
  return text;
}

const Format& find_format(const std::string& name) {
  std::vector<std::string> known;
  for (const Format& format : formats()) {
    if (format.name == name) return format;
    known.push_back(format.name);
  }
  throw unknown_name("--format", "format", name, known);
}

std::pair<std::string, std::string> key_and_value(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw Error("--metadata", "\"" + text + "\" is no KEY=VALUE", "",
                "e.g. --metadata image=vllm:0.11");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

ExportOptions export_options(const Options& options, const Format& format) {
  ExportOptions out;
  out.percentiles = options.percentiles.empty() ? format.percentiles : options.percentiles;
  for (const double percent : out.percentiles) {
    if (!(percent > 0 && percent < 100)) {
      throw Error("--metric-percentiles", std::to_string(percent) + " is no percentile",
                  "expected numbers above 0 and below 100");
    }
  }
  if (!options.metrics.empty()) out.metrics = options.metrics;
  for (const std::string& text : options.metadata) out.metadata.push_back(key_and_value(text));
  out.detailed = options.detailed;
  return out;
}

// --records, or the file that the result names, beside it.
std::string records_path(const Options& options, const RunResult& result) {
  if (!options.records.empty()) return options.records;
  if (result.provenance.records_file.empty()) {
    throw Error(options.file, "has no request records, which other tools' formats are made from",
                "latencies there start where a request is sent",
                "run `inferbench replay ... --json FILE --records FILE`");
  }
  return (std::filesystem::path(options.file).parent_path() / result.provenance.records_file)
      .string();
}

std::vector<RequestRecord> records_of(const Options& options, const RunResult& result) {
  const std::string path = records_path(options, result);
  std::vector<RequestRecord> records = read_records(path);
  if (result.records && sha256_of_file(path) != result.records->sha256) {
    throw Error(path, "holds the records of another run than " + options.file,
                "its SHA-256 differs from /records/sha256");
  }
  return records;
}

Export of_requests(const Options& options, const Format& format, const RunResult& result) {
  const ExportOptions how = export_options(options, format);
  if (!result.summary) {
    throw Error(options.file, "is a result of kind \"" + std::string(name(result.kind)) + "\"",
                "only a replay has requests to export", "inferbench replay ... --json FILE");
  }
  return format.of_requests(result, records_of(options, result), how);
}

// What only formats of requests know would do nothing with one of series.
void refuse_request_options(const Options& options, const Format& format) {
  const std::pair<const char*, bool> given[] = {
      {"--records", !options.records.empty()},
      {"--percentile-metrics", !options.metrics.empty()},
      {"--metric-percentiles", !options.percentiles.empty()},
      {"--metadata", !options.metadata.empty()},
      {"--save-detailed", options.detailed}};
  for (const auto& [option, is_given] : given) {
    if (!is_given) continue;
    throw Error(option, "goes with formats made from requests, not with " + format.name,
                "vllm, vllm-console, inferencex or aiperf", "leave it out");
  }
}

void run_export(const Options& options) {
  const Format& format = find_format(options.format);
  if (format.of_requests == nullptr) {
    refuse_request_options(options, format);
  } else {
    static_cast<void>(export_options(options, format));
  }
  OutputFile output(options.output);
  const RunResult result = read_run_result(options.file);
  const Export exported = format.of_requests == nullptr ? format.of_series(result)
                                                        : of_requests(options, format, result);
  output.write(exported.text);
  output.commit();
  for (const std::string& note : exported.notes) std::cerr << "note: " << note << "\n";
}

}  // namespace

void add_export_verb(CLI::App& program, VerbContext& context) {
  const auto options = std::make_shared<Options>();
  CLI::App* verb = program.add_subcommand("export", "Write a result in another tool's format");
  verb->add_option("FILE", options->file, "Result file of a replay or of kernels")->required();
  verb->add_option("--format", options->format, format_names())->required();
  verb->add_option("--records", options->records,
                   "Request records (default: the file that the result names, beside it)");
  verb->add_option("-o,--output", options->output, "Where to write; - is standard output");
  verb->add_option("--percentile-metrics", options->metrics,
                   "Latencies: ttft, tpot, itl, e2el, client_queue_time, "
                   "e2el_including_client_queue")
      ->delimiter(',');
  verb->add_option("--metric-percentiles", options->percentiles,
                   "Percentiles (default: 99; inferencex: 90,99,99.9)")
      ->delimiter(',');
  verb->add_option("--metadata", options->metadata, "KEY=VALUE to add or replace at top level");
  verb->add_flag("--save-detailed", options->detailed,
                 "vllm: with the arrays that have one element per request");
  verb->callback([options] { run_export(*options); });
  (void)context;
}

}  // namespace inferbench
