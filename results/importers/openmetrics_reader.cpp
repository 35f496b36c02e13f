#include <nlohmann/json.hpp>
#include <string_view>

#include "harness/base/error.hpp"
#include "results/importers/figures.hpp"
#include "results/importers/readers.hpp"

namespace inferbench {
namespace {

bool is_openmetrics(const ForeignFile& file) {
  return file.text.starts_with("# HELP ") || file.text.starts_with("# TYPE ") ||
         file.text.starts_with("# UNIT ");
}

struct Sample {
  std::string name;    // without labels
  std::string labels;  // "{...}" or empty, as it stands
  std::string value;   // its text
};

// Where a sample's labels end: at the first brace that no label's value holds.
std::size_t end_of_labels(std::string_view line, std::size_t open) {
  bool quoted = false;
  for (std::size_t i = open; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == '}' && !quoted) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// name{label="value",...} value [timestamp]
std::optional<Sample> sample_of(std::string_view line) {
  Sample sample;
  const std::size_t end = line.find_first_of("{ ");
  if (end == std::string_view::npos || end == 0) return std::nullopt;
  sample.name = line.substr(0, end);
  std::size_t at = end;
  if (line[at] == '{') {
    at = end_of_labels(line, at);
    if (at == std::string_view::npos) return std::nullopt;
    sample.labels = line.substr(end, at - end);
  }
  at = line.find_first_not_of(' ', at);
  if (at == std::string_view::npos) return std::nullopt;
  sample.value = line.substr(at, line.find(' ', at) - at);
  return sample;
}

std::string unit_of_name(const std::string& name) {
  // An instant, and the length of the window that rates divide by, are neither better nor worse.
  if (name.ends_with("_timestamp_seconds") || name.ends_with("_duration_seconds")) return "";
  const bool rate =
      name.ends_with("_per_second") || name.find("_per_second_per_") != std::string::npos;
  if (rate) return "1/s";
  return name.ends_with("_seconds") ? "s" : "";
}

void add_sample(StoredRun& run, const Sample& sample) {
  const std::string unit = unit_of_name(sample.name);
  const auto better = better_of_unit(unit);
  if (sample.labels.find("method=\"modelled\"") == std::string::npos) run.exact = false;
  // Bounds go with their metric; counts, sums and shares have no direction of their own.
  const bool bound = sample.name.find("_low_") != std::string::npos ||
                     sample.name.find("_high_") != std::string::npos;
  if (!better || bound) return;
  add_figure(run, sample.name + sample.labels, unit, *better, number_in(sample.value),
             "its value is no finite number");
}

StoredRun read_openmetrics(const ForeignFile& file) {
  StoredRun run;
  run.place = file.place;
  run.exact = true;
  std::size_t begin = 0, number = 1;
  for (; begin < file.text.size(); ++number) {
    std::size_t end = file.text.find('\n', begin);
    if (end == std::string::npos) end = file.text.size();
    const std::string_view line = std::string_view(file.text).substr(begin, end - begin);
    begin = end + 1;
    if (line == "# EOF") return run;
    if (line.empty() || line.front() == '#') continue;
    const auto sample = sample_of(line);
    if (!sample) {
      throw Error(file.place + ":" + std::to_string(number), "is no sample", "name{labels} value",
                  "export it again");
    }
    add_sample(run, *sample);
  }
  return run;
}

}  // namespace

const FileReader kOpenMetricsReader = {"OpenMetrics", is_openmetrics, read_openmetrics};

}  // namespace inferbench
