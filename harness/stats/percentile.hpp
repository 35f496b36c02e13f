#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// How a percentile is read off sorted samples x[0] .. x[n-1]. Tools differ, so results say which.
enum class PercentileMethod {
  linear,         // between the neighbours of rank p/100 * (n-1): numpy, vLLM, GenAI-Perf
  nearest_rank,   // x[ceil(p/100 * n) - 1]: always one of the samples
  loadgen_floor,  // x[floor(p/100 * n)]: MLPerf LoadGen and trtllm-bench
};

std::string_view name(PercentileMethod method);
std::optional<PercentileMethod> parse_percentile_method(std::string_view name);
std::vector<std::string> percentile_method_names();

// The percentile, 0 <= p <= 100, of samples in ascending order; at least one sample.
double percentile_of_sorted(std::span<const double> sorted, double percentile,
                            PercentileMethod method = PercentileMethod::linear);

// Several percentiles, in the order asked; sorts `samples`. At least one sample.
std::vector<double> percentiles(std::vector<double>& samples, std::span<const double> wanted,
                                PercentileMethod method = PercentileMethod::linear);

}  // namespace inferbench
