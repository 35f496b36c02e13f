#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/metrics/summary.hpp"
#include "harness/stats/bootstrap.hpp"

namespace inferbench {

// One number of a stored run, with what is known of its noise.
struct StoredMetric {
  std::string unit;  // "ns", "ms", "tokens/s"
  Better better = Better::lower;
  double value = 0;
  std::optional<Interval>
      interval{};  // of the value over the load of that moment; absent: not told
};

// A result file of ours or of another tool, as far as two of them can be compared.
struct StoredRun {
  std::string place;   // its path, for messages
  std::string format;  // "inferbench replay", "inferbench kernels", "vLLM"
  bool exact = false;  // equal programs and inputs give equal numbers: modelled runs
  std::map<std::string, StoredMetric> metrics{};  // by name; unique
  std::map<std::string, std::string> absent{};    // metrics without a number, with the reason
  std::map<std::string, std::string>
      configuration{};                               // what the numbers depend on, by JSON pointer
  std::map<std::string, std::string> environment{};  // where it ran: "host/cpu", "build/compiler"
};

// Reads a result file of inferbench (replay or kernels, uncompressed) or of another tool
// (results/importers/readers.hpp); NaN and Infinity may stand in JSON. Throws Error for what is
// neither, damaged, or has nothing to compare.
StoredRun read_stored_run(const std::string& path);
StoredRun parse_stored_run(const std::string& text, const std::string& place);

// JSON in which NaN, Infinity and -Infinity, which JSON does not have, became null.
std::string without_bare_infinities(const std::string& text);

}  // namespace inferbench
