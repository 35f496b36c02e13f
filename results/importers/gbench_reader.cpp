#include <map>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/stats/percentile.hpp"
#include "results/importers/readers.hpp"

namespace inferbench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kFewestForInterval = 6;  // repetitions

double ns_per(const std::string& unit, const std::string& place) {
  static const std::map<std::string, double> known = {
      {"ns", 1}, {"us", 1e3}, {"ms", 1e6}, {"s", 1e9}};
  const auto found = known.find(unit);
  if (found != known.end()) return found->second;
  throw Error(place, "time_unit \"" + unit + "\"", "ns, us, ms or s",
              "the file is not of Google Benchmark, or of a version that is not known here");
}

// Why a benchmark has no time; empty: it has.
std::string unusable(const Json& json) {
  if (json.value("error_occurred", false)) return json.value("error_message", "an error occurred");
  if (json.value("skipped", false)) return json.value("skip_message", "skipped");
  const auto time = json.find("real_time");
  if (time == json.end() || !time->is_number()) return "no real_time";
  return time->get<double>() > 0 ? "" : "a time that is not above zero";
}

StoredMetric metric_of(const std::vector<double>& times) {
  const double middle = 50;
  std::vector<double> ordered = times;
  StoredMetric metric{.unit = "ns",
                      .better = Better::lower,
                      .value = percentiles(ordered, std::span(&middle, 1)).front()};
  if (times.size() >= kFewestForInterval) metric.interval = bootstrap_median(times);
  return metric;
}

bool is_gbench(const ForeignFile& file) {
  return file.json.is_object() && file.json.contains("benchmarks") && file.json.contains("context");
}

StoredRun read_gbench(const ForeignFile& file) {
  const auto& [place, text, json] = file;
  StoredRun run;
  try {
    std::map<std::string, std::vector<double>> times;
    for (const Json& benchmark : json.at("benchmarks")) {
      if (benchmark.value("run_type", "iteration") != "iteration") continue;
      const std::string name = benchmark.value("run_name", benchmark.at("name"));
      if (const std::string reason = unusable(benchmark); !reason.empty()) {
        run.absent[name] = reason;
        continue;
      }
      times[name].push_back(benchmark.at("real_time").get<double>() *
                            ns_per(benchmark.value("time_unit", "ns"), place));
    }
    for (const auto& [name, of_name] : times) run.metrics[name] = metric_of(of_name);
    const Json& context = json.at("context");
    for (const char* key : {"num_cpus", "mhz_per_cpu", "library_build_type", "library_version",
                            "cpu_scaling_enabled", "aslr_enabled"}) {
      if (context.contains(key)) run.environment[key] = context[key].dump();
    }
  } catch (const Json::exception& error) {
    throw Error(place, std::string("is damaged: ") + error.what(), "Google Benchmark's JSON",
                "write it again with --benchmark_out");
  }
  return run;
}

}  // namespace

const FileReader kGoogleBenchmarkReader = {"Google Benchmark", is_gbench, read_gbench};

}  // namespace inferbench
