#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace inferbench {

// Integers above this are written as strings: JavaScript and jq read numbers as doubles.
inline constexpr std::uint64_t kLargestExactInteger = std::uint64_t{1} << 53;

nlohmann::ordered_json json_integer(std::uint64_t value);
nlohmann::ordered_json json_integer(std::int64_t value);
// Back from either form, or from 1.0, which other writers may make of 1; throws
// std::invalid_argument when it is neither.
std::uint64_t read_unsigned(const nlohmann::ordered_json& value);
std::int64_t read_signed(const nlohmann::ordered_json& value);

// object[key] = value when there is a finite one; otherwise the reason goes to
// object["absent"][key] (a value that is not finite is its own reason).
void put_number(nlohmann::ordered_json& object, const std::string& key, std::optional<double> value,
                const std::string& absent_because);

// The same rules for JSON that somebody else built: members that are not finite move to "absent"
// beside them, array elements that are not finite become null, large integers become strings.
nlohmann::ordered_json with_safe_numbers(const nlohmann::ordered_json& json);

// Every whole number up to 2^53 as an integer: 1.0 becomes 1. JSON does not tell the two apart, and
// other writers (jq, JavaScript, Python) turn one into the other.
void write_whole_numbers_as_integers(nlohmann::json& json);
void write_whole_numbers_as_integers(nlohmann::ordered_json& json);

// "ttft" in "ms" is "ttft_ms", "output_tps_gpu" in "tokens/s" is "output_tps_gpu_tokens_per_s"; a
// ratio ("" or "1") keeps its id.
std::string key_with_unit(const std::string& id, const std::string& unit);

// "p50", "p99.9"
std::string percentile_key(double percentile);

}  // namespace inferbench
