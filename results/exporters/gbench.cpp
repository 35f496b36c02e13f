#include "results/exporters/gbench.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/stats/percentile.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

ordered_json context_json(const RunResult& result) {
  const Provenance& provenance = result.provenance;
  ordered_json context = {{"date", provenance.started_utc},
                          {"host_name", provenance.host ? provenance.host->name_hash : ""},
                          {"executable", "inferbench"},
                          {"num_cpus", provenance.host ? provenance.host->allowed_cpus : 0},
                          {"mhz_per_cpu", 0},
                          {"cpu_scaling_enabled", false},
                          {"caches", ordered_json::array()},
                          {"load_avg", ordered_json::array()},
                          {"library_build_type", "release"}};
  if (provenance.host) {
    for (const CacheInfo& cache : provenance.host->caches) {
      context["caches"].push_back({{"type", cache.type},
                                   {"level", cache.level},
                                   {"size", cache.bytes},
                                   {"num_sharing", 1}});
    }
  }
  context["inferbench_version"] = provenance.build.version;
  context["inferbench_git_commit"] = provenance.build.git_commit;
  return context;
}

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const double middle = 50;
  return percentiles(values, std::span(&middle, 1)).front();
}

void put_counter(ordered_json& entry, const char* key, std::optional<double> value) {
  if (value) entry[key] = *value;
}

ordered_json entry_json(const KernelRow& row, std::size_t index) {
  ordered_json entry = {
      {"name", row_id(row)},     {"family_index", index},   {"per_family_instance_index", 0},
      {"run_name", row_id(row)}, {"run_type", "iteration"}, {"repetitions", 1},
      {"repetition_index", 0},   {"threads", row.threads}};
  if (!row.timing) {
    entry["error_occurred"] = true;
    entry["error_message"] = std::string(name(row.status)) + ": " + row.reason;
    return entry;
  }
  const RowTiming& timing = *row.timing;
  entry["iterations"] = static_cast<std::int64_t>(timing.wall_ns.size()) * timing.runs_per_sample;
  entry["real_time"] = median_of(timing.wall_ns);
  entry["cpu_time"] = median_of(timing.cpu_ns);
  entry["time_unit"] = "ns";
  put_counter(entry, "GFLOP/s", row.gflop_per_s());
  put_counter(entry, "GB/s", row.gb_per_s());
  put_counter(entry, "FLOP/byte", row.intensity());
  if (row.roof) entry["roof_share"] = row.roof->share;
  for (const RowRatio& ratio : row.ratios) {
    if (std::isfinite(ratio.speedup)) entry["x_" + ratio.to] = ratio.speedup;
  }
  for (const auto& [key, value] : row.metrics) entry[key] = value;
  return entry;
}

}  // namespace

std::string export_gbench(const RunResult& result) {
  ordered_json json = {{"context", context_json(result)}, {"benchmarks", ordered_json::array()}};
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    json["benchmarks"].push_back(entry_json(result.rows[i], i));
  }
  return json.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace inferbench
