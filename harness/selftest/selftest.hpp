#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace inferbench {

enum class SelfCheckOutcome {
  pass,
  fail,
  figure,  // a speed: depends on the machine, so it is told and not judged
};

// One thing the harness must get right, with what was expected of it and what came out.
struct SelfCheck {
  std::string group{};  // "null", "latency", "queue", "omission", "chunk", "percentile", "window"
  std::string name{};   // "M/D/1, load 0.8: mean wait"
  std::string unit{};   // "ms"; empty for text and counts
  std::string expected{};  // for people; the same as numbers below where there is one
  std::string found{};
  std::optional<double> expected_value{}, found_value{};
  std::optional<double> half_width{};  // of the confidence interval around found_value
  std::optional<double> confidence{};
  SelfCheckOutcome outcome = SelfCheckOutcome::fail;
};

struct SelfTestOptions {
  std::uint64_t seed = 0;            // of arrivals, services and the random oracles' inputs
  std::int64_t customers = 1000000;  // of each queue
  std::int64_t null_requests = 1000000;
};

// A group of checks; each is defined in the file of its name.
struct SelfTestGroup {
  std::string name, about;
  std::function<std::vector<SelfCheck>(const SelfTestOptions&)> run;
};

const std::vector<SelfTestGroup>& self_test_groups();

// Runs the groups named, in their order; all when none is. Throws Error for an unknown name.
std::vector<SelfCheck> run_self_test(const SelfTestOptions& options,
                                     const std::vector<std::string>& groups = {});

bool passed(const std::vector<SelfCheck>& checks);

}  // namespace inferbench
