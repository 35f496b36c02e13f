#include "harness/selftest/selftest.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "harness/selftest/groups.hpp"

namespace inferbench {

const std::vector<SelfTestGroup>& self_test_groups() {
  static const std::vector<SelfTestGroup> groups = {
      {"null", "a system that answers at once: requests/s that the harness itself can handle",
       null_system_checks},
      {"latency", "a system of known latencies: means and percentiles worked out by hand",
       fixed_latency_checks},
      {"queue", "M/M/1, M/D/1 and M/M/c against Erlang C and Pollaczek-Khinchine", queue_checks},
      {"omission", "one stall of 1 s shows in p99 from schedule, and would not from send",
       coordinated_omission_checks},
      {"chunk", "tokens that arrive several at a time are still counted one by one", chunk_checks},
      {"percentile", "three estimators against counting", percentile_checks},
      {"window", "full, active and steady windows against counting", window_checks},
  };
  return groups;
}

std::vector<SelfCheck> run_self_test(const SelfTestOptions& options,
                                     const std::vector<std::string>& groups) {
  std::vector<std::string> known;
  for (const SelfTestGroup& group : self_test_groups()) known.push_back(group.name);
  for (const std::string& name : groups) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      throw unknown_name("--only", "group of checks", name, known, "inferbench selftest --help");
    }
  }
  std::vector<SelfCheck> checks;
  for (const SelfTestGroup& group : self_test_groups()) {
    const bool asked =
        groups.empty() || std::find(groups.begin(), groups.end(), group.name) != groups.end();
    if (!asked) continue;
    for (SelfCheck& check : group.run(options)) {
      check.group = group.name;
      checks.push_back(std::move(check));
    }
  }
  return checks;
}

bool passed(const std::vector<SelfCheck>& checks) {
  return std::none_of(checks.begin(), checks.end(), [](const SelfCheck& check) {
    return check.outcome == SelfCheckOutcome::fail;
  });
}

SelfCheck equal_check(std::string name, std::string unit, double expected, double found,
                      double tolerance) {
  SelfCheck check{.name = std::move(name), .unit = std::move(unit)};
  check.expected = significant(expected, 6), check.found = significant(found, 6);
  check.expected_value = expected, check.found_value = found;
  const bool equal = std::abs(found - expected) <= tolerance * std::max(1.0, std::abs(expected));
  check.outcome = equal ? SelfCheckOutcome::pass : SelfCheckOutcome::fail;
  return check;
}

SelfCheck no_disagreement_check(std::string name, std::int64_t tried, std::int64_t disagreed,
                                const std::string& first) {
  SelfCheck check{.name = std::move(name)};
  check.expected = "0 of " + with_commas(tried) + " differ";
  check.found = with_commas(disagreed) + " differ" + (disagreed > 0 ? ", first: " + first : "");
  check.expected_value = 0, check.found_value = static_cast<double>(disagreed);
  check.outcome = disagreed == 0 && tried > 0 ? SelfCheckOutcome::pass : SelfCheckOutcome::fail;
  return check;
}

}  // namespace inferbench
