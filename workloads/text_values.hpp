#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/units.hpp"

namespace inferbench {

// Values as people type them in options and generator specs. `place` is named in the Error.

// "90s", "1.5s", "200ms", "50us", "2m", "1h"; a bare number is seconds. Not negative.
Duration parse_duration(std::string_view text, const std::string& place);
// A finite number > 0.
double parse_positive(std::string_view text, const std::string& place);
// A finite number.
double parse_number(std::string_view text, const std::string& place);
// A whole number >= `least`.
std::int64_t parse_count(std::string_view text, const std::string& place, std::int64_t least = 1);

// "a(b,c),d" at the separator outside parentheses: "a(b,c)" and "d", without spaces around them.
std::vector<std::string_view> split_outside_parentheses(std::string_view text, char separator);
std::string_view trimmed(std::string_view text);

// "1.5s", "200ms": the shortest text that parse_duration reads back.
std::string duration_text(Duration duration);

}  // namespace inferbench
