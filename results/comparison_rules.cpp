#include <nlohmann/json.hpp>

#include "results/validate.hpp"

namespace inferbench {
namespace {

using nlohmann::json;

bool any_with(const json& list, const std::string& verdict) {
  for (const json& entry : list) {
    if (entry["verdict"] == verdict) return true;
  }
  return false;
}

// The verdict that follows from the series: the worst of them, unless something stands against all.
std::string expected_verdict(const json& document) {
  if (!document["invalid"].empty()) return "invalid";
  for (const char* verdict : {"regression", "inconclusive"}) {
    const bool exact = document.contains("exact") && document["exact"].is_array() &&
                       any_with(document["exact"], verdict);
    if (exact || any_with(document["series"], verdict)) return verdict;
  }
  return "pass";
}

void check_exact(const json& list, std::vector<Violation>& found) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    const json& entry = list[i];
    if (entry.value("tolerance", 0.0) > 0) continue;  // a difference may pass
    const bool equal = entry["baseline"] == entry["candidate"];
    if (equal == (entry["verdict"] == "pass")) continue;
    found.push_back({"/exact/" + std::to_string(i) + "/verdict",
                     equal ? "is not pass, though the numbers are equal"
                           : "is pass, though the numbers differ"});
  }
}

void check_blocks(const json& series, const std::string& pointer, std::vector<Violation>& found) {
  if (!series["blocks"].is_object()) return;
  const json& blocks = series["blocks"];
  const std::size_t launches = blocks["baseline_ns"].size();
  if (blocks["candidate_ns"].size() != launches || blocks["preempted_share"].size() != launches) {
    found.push_back({pointer + "/blocks", "has not as many elements on each side"});
  }
  double before = 0;
  for (const json& look : series["looks"]) {
    const double blocks_so_far = look["blocks"];
    if (blocks_so_far <= before || blocks_so_far > static_cast<double>(launches)) {
      found.push_back({pointer + "/looks", "do not come after more and more blocks, all there"});
      return;
    }
    before = blocks_so_far;
  }
}

}  // namespace

std::vector<Violation> comparison_violations(const json& document) {
  std::vector<Violation> found;
  const std::string expected = expected_verdict(document);
  if (document["verdict"] != expected) {
    found.push_back({"/verdict", "is " + document["verdict"].dump() +
                                     ", but the series and reasons make it \"" + expected + "\""});
  }
  if (document["schema"] != "inferbench.comparison") return found;
  check_exact(document["exact"], found);
  for (std::size_t i = 0; i < document["series"].size(); ++i) {
    check_blocks(document["series"][i], "/series/" + std::to_string(i), found);
  }
  if (document.contains("canary")) check_blocks(document["canary"], "/canary", found);
  return found;
}

}  // namespace inferbench
