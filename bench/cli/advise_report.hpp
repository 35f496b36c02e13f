#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "harness/sweep/advise.hpp"

namespace inferbench {

// What was asked.
struct AdviseContext {
  std::string model, profile;
  Slo slo;
  std::string traffic;
  std::size_t requests = 0;
};

// The advice first, then a row per GPU, what else was tried, and what the numbers rest on.
std::string advice_report(const std::vector<Advice>& advices, const AdviseContext& about);

nlohmann::ordered_json advice_json(const std::vector<Advice>& advices, const AdviseContext& about);

// The offers that serve, best first: by cost where every one of them has a price, else by power.
std::vector<std::size_t> ranked(const std::vector<Advice>& advices);

}  // namespace inferbench
