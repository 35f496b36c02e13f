#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "harness/replay/request_record.hpp"

namespace inferbench {

// How outcomes are spelled in a records file. Part of its schema, so written here and not taken
// from the names that tables print.
inline constexpr std::array<std::pair<Outcome, std::string_view>, 5> kOutcomeNames = {{
    {Outcome::unfinished, "unfinished"},
    {Outcome::completed, "completed"},
    {Outcome::rejected, "rejected"},
    {Outcome::cancelled, "cancelled"},
    {Outcome::failed, "failed"},
}};

// How reasons are spelled; a completed request has none.
inline constexpr std::array<std::pair<Reason, std::string_view>, 7> kReasonNames = {{
    {Reason::cut, "cut"},
    {Reason::too_long, "too_long"},
    {Reason::overloaded, "overloaded"},
    {Reason::no_replica, "no_replica"},
    {Reason::ttft_timeout, "ttft_timeout"},
    {Reason::total_timeout, "total_timeout"},
    {Reason::replica_failed, "replica_failed"},
}};

// Within and beside the parts of a request's time, which have TimePart's names.
inline constexpr std::string_view kPrefillKey = "of_it_prefill",
                                  kHiddenKey = "beside_it_hidden_collectives";

constexpr std::string_view reason_name(Reason reason) {
  for (const auto& [known, text] : kReasonNames) {
    if (known == reason) return text;
  }
  return "";
}

constexpr std::optional<Reason> parse_reason(std::string_view name) {
  for (const auto& [reason, text] : kReasonNames) {
    if (text == name) return reason;
  }
  return std::nullopt;
}

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
