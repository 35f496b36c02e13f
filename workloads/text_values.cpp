#include "workloads/text_values.hpp"

#include <fast_float/fast_float.h>

#include <array>
#include <cmath>
#include <utility>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

struct Unit {
  std::string_view suffix;
  double seconds;
};
// Longest suffix first, so that "ms" is not read as "s".
constexpr std::array<Unit, 6> kUnits = {
    {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1.0}, {"m", 60.0}, {"h", 3600.0}}};

// Arrival times stay far below the 292 years that 64-bit nanoseconds hold.
constexpr double kLongestSeconds = 100.0 * 366 * 86400;

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

}  // namespace

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

double parse_number(std::string_view text, const std::string& place) {
  const std::string_view value = trimmed(text);
  double number = 0;
  const auto [end, error] =
      fast_float::from_chars(value.data(), value.data() + value.size(), number);
  if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(number)) {
    throw Error(place, quoted(text) + " is not a number", "expected a finite number, e.g. 2.5");
  }
  return number;
}

double parse_positive(std::string_view text, const std::string& place) {
  const double number = parse_number(text, place);
  if (number <= 0) throw Error(place, quoted(text) + " is not positive", "expected a number > 0");
  return number;
}

std::int64_t parse_count(std::string_view text, const std::string& place, std::int64_t least) {
  const double number = parse_number(text, place);
  const std::string rule = "expected a whole number >= " + std::to_string(least);
  if (number != std::floor(number)) throw Error(place, quoted(text) + " is not whole", rule);
  if (number < static_cast<double>(least)) throw Error(place, quoted(text) + " is too small", rule);
  if (number > 1e15) throw Error(place, quoted(text) + " is too large", "expected at most 1e15");
  return static_cast<std::int64_t>(number);
}

Duration parse_duration(std::string_view text, const std::string& place) {
  std::string_view value = trimmed(text);
  double unit = 1.0;
  for (const Unit& candidate : kUnits) {
    if (value.ends_with(candidate.suffix)) {
      unit = candidate.seconds;
      value.remove_suffix(candidate.suffix.size());
      break;
    }
  }
  double number = 0;
  const auto [end, error] =
      fast_float::from_chars(value.data(), value.data() + value.size(), number);
  const std::string rule = "expected a duration such as 90s, 1.5s, 200ms or 2m";
  if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(number)) {
    throw Error(place, quoted(text) + " is not a duration", rule);
  }
  if (number < 0) throw Error(place, quoted(text) + " is negative", rule);
  if (number * unit > kLongestSeconds) throw Error(place, quoted(text) + " is too long", rule);
  return rounded(Seconds(number * unit));
}

std::vector<std::string_view> split_outside_parentheses(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (text[i] == separator && depth == 0) {
      parts.push_back(trimmed(text.substr(begin, i - begin)));
      begin = i + 1;
    }
  }
  parts.push_back(trimmed(text.substr(begin)));
  return parts;
}

std::string duration_text(Duration duration) {
  constexpr std::array<std::pair<std::int64_t, std::string_view>, 4> kSteps = {
      {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}, {1, "ns"}}};
  const std::int64_t value = duration.count();
  for (const auto& [size, suffix] : kSteps) {
    if (value % size == 0) return std::to_string(value / size) + std::string(suffix);
  }
  return std::to_string(value) + "ns";
}

}  // namespace inferbench
