#include "workloads/traces/json_lines.hpp"

#include <cmath>

namespace inferbench {
namespace {

constexpr const char* kSkip = "--skip-invalid skips such rows and counts them";

[[noreturn]] void refuse(JsonValue value, std::string_view key, const std::string& expected,
                         const Place& place) {
  std::string_view raw = value.raw_json_token();
  while (!raw.empty() && (raw.back() == ' ' || raw.back() == '\r')) raw.remove_suffix(1);
  throw RowError(place(), "\"" + std::string(key) + "\" is " + std::string(raw.substr(0, 40)),
                 "expected " + expected, kSkip);
}

}  // namespace

std::int64_t json_integer(JsonValue value, std::string_view key, std::int64_t least,
                          const Place& place) {
  std::int64_t number = 0;
  if (value.get_int64().get(number) == simdjson::SUCCESS && number >= least) return number;
  // pandas writes whole columns as 6758.0 when one value is missing.
  double real = 0;
  if (value.get_double().get(real) == simdjson::SUCCESS && real == std::floor(real) &&
      real >= static_cast<double>(least) && real < 9e15) {
    return static_cast<std::int64_t>(real);
  }
  refuse(value, key, "an integer >= " + std::to_string(least), place);
}

double json_number(JsonValue value, std::string_view key, const Place& place) {
  double number = 0;
  if (value.get_double().get(number) == simdjson::SUCCESS && std::isfinite(number)) return number;
  refuse(value, key, "a number", place);
}

Time json_time(JsonValue value, std::string_view key, Seconds unit, const Place& place) {
  const double seconds = json_number(value, key, place) * unit.count();
  // 9e9 s is 285 years, as long as 64-bit nanoseconds last.
  if (!(seconds >= 0 && seconds < 9e9)) refuse(value, key, "a time >= 0", place);
  return Time(rounded(Seconds(seconds)));
}

void json_hashes(JsonValue value, std::string_view key, std::vector<std::uint64_t>& hashes,
                 const Place& place) {
  simdjson::ondemand::array list;
  if (value.get_array().get(list) != simdjson::SUCCESS) {
    refuse(value, key, "a list of integers", place);
  }
  for (auto element : list) {
    JsonValue item = element.value();
    std::uint64_t hash = 0;
    std::int64_t negative = 0;
    if (item.get_uint64().get(hash) == simdjson::SUCCESS) {
      hashes.push_back(hash);
    } else if (item.get_int64().get(negative) == simdjson::SUCCESS) {
      hashes.push_back(static_cast<std::uint64_t>(negative));
    } else {
      refuse(item, key, "a list of 64-bit integers", place);
    }
  }
}

std::string json_label(JsonValue value, std::string_view key, const Place& place) {
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) return std::string(text);
  std::int64_t number = 0;
  if (value.get_int64().get(number) == simdjson::SUCCESS) return std::to_string(number);
  refuse(value, key, "a string or an integer", place);
}

void refuse_missing(std::string_view key, const Place& place) {
  throw RowError(place(), "\"" + std::string(key) + "\" is missing", "every row has it", kSkip);
}

void refuse_trailing(const Place& place) {
  throw RowError(place(), "more than one JSON value on the line", "expected one object per line");
}

void refuse_broken(const simdjson::simdjson_error& error, const Place& place, bool cut_short) {
  if (cut_short) {
    throw RowError(place(), "the last line is cut short", "expected one JSON object per line",
                   "copy or download the file again, or remove the line");
  }
  throw RowError(place(), std::string("not a JSON object: ") + error.what(),
                 "expected one JSON object per line", kSkip);
}

}  // namespace inferbench
