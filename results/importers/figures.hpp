#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "results/importers/stored_run.hpp"

namespace inferbench {

// What readers of other tools' files share.

// A number, or a text that is one ("1.25e-05"); nullopt for null, NaN, infinities and anything
// else.
std::optional<double> number_in(const nlohmann::ordered_json& value);

// "ms" is better lower, "tokens/s" higher; nullopt when a unit alone does not tell ("tokens", "").
std::optional<Better> better_of_unit(const std::string& unit);

// The unit that a key ends with, as results/json_numbers.hpp writes it: "ttft_p50_ms" -> "ms",
// "output_tokens_per_s" -> "tokens/s"; empty: none that is known here.
std::string unit_of_key(const std::string& key);

// A member as text, numbers in one spelling (1 and 1.0 are "1"); empty when there is none or null.
std::string member_text(const nlohmann::ordered_json& object, const char* key);

// Notes those members of `object` that have a value under `prefix` + their name.
void note_members(const nlohmann::ordered_json& object, const std::vector<const char*>& keys,
                  const std::string& prefix, std::map<std::string, std::string>& into);

// Adds a series, or its absence where `value` is none. Throws Error when the name is there already.
void add_figure(StoredRun& run, const std::string& name, const std::string& unit, Better better,
                std::optional<double> value, const std::string& absent_because);

}  // namespace inferbench
