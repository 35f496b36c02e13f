#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/replay/request_record.hpp"

namespace inferbench {

// How outcomes are spelled in a records file. Part of its schema, so written here and not taken
// from the names that tables print.
inline constexpr std::array<std::pair<Outcome, std::string_view>, 4> kOutcomeNames = {{
    {Outcome::unfinished, "unfinished"},
    {Outcome::completed, "completed"},
    {Outcome::rejected, "rejected"},
    {Outcome::cancelled, "cancelled"},
}};

constexpr std::string_view outcome_name(Outcome outcome) {
  for (const auto& [known, text] : kOutcomeNames) {
    if (known == outcome) return text;
  }
  return "";
}

constexpr std::optional<Outcome> parse_outcome(std::string_view name) {
  for (const auto& [outcome, text] : kOutcomeNames) {
    if (text == name) return outcome;
  }
  return std::nullopt;
}

}  // namespace inferbench
