#include "results/json_numbers.hpp"

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace inferbench {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t kLargestSigned = static_cast<std::int64_t>(kLargestExactInteger);

std::string not_finite(double value) {
  return std::isnan(value) ? "not a number (NaN)" : value > 0 ? "infinite" : "negative infinite";
}

std::optional<std::int64_t> whole(double value) {
  const auto limit = static_cast<double>(kLargestSigned);
  if (!(std::abs(value) <= limit) || std::trunc(value) != value) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

template <class Json>
void write_whole(Json& json) {
  if (json.is_structured()) {
    for (Json& value : json) write_whole(value);
  } else if (json.is_number_float()) {
    const auto value = whole(json.template get<double>());
    if (!value) return;
    json = *value;
    if (*value >= 0) json = static_cast<std::uint64_t>(*value);  // as a parser would
  }
}

template <class Integer>
Integer parse_integer(const std::string& text) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument("\"" + text + "\" is not an integer");
  }
  return value;
}

ordered_json safe_object(const ordered_json& json) {
  ordered_json out = ordered_json::object();
  ordered_json absent = ordered_json::object();
  for (const auto& [key, value] : json.items()) {
    if (value.is_number_float() && !std::isfinite(value.get<double>())) {
      absent[key] = not_finite(value.get<double>());
    } else {
      out[key] = with_safe_numbers(value);
    }
  }
  for (const auto& [key, reason] : absent.items()) out["absent"][key] = reason;
  return out;
}

ordered_json safe_array(const ordered_json& json) {
  ordered_json out = ordered_json::array();
  for (const ordered_json& value : json) {
    const bool finite = !value.is_number_float() || std::isfinite(value.get<double>());
    out.push_back(finite ? with_safe_numbers(value) : ordered_json(nullptr));
  }
  return out;
}

// "tokens/s" -> "tokens_per_s", "%" -> "percent"
std::string unit_suffix(const std::string& unit) {
  std::string suffix;
  for (const char c : unit) {
    if (c == '/') {
      suffix += "_per_";
    } else if (c == '%') {
      suffix += "percent";
    } else if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      suffix += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!suffix.empty() && suffix.back() != '_') {
      suffix += '_';
    }
  }
  return suffix;
}

}  // namespace

ordered_json json_integer(std::uint64_t value) {
  if (value > kLargestExactInteger) return std::to_string(value);
  return value;
}

ordered_json json_integer(std::int64_t value) {
  if (value > kLargestSigned || value < -kLargestSigned) return std::to_string(value);
  return value;
}

std::uint64_t read_unsigned(const ordered_json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_string()) return parse_integer<std::uint64_t>(value.get_ref<const std::string&>());
  if (value.is_number_float()) {
    const auto number = whole(value.get<double>());
    if (number && *number >= 0) return static_cast<std::uint64_t>(*number);
  }
  throw std::invalid_argument(value.dump() + " is not an integer >= 0");
}

std::int64_t read_signed(const ordered_json& value) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_string()) return parse_integer<std::int64_t>(value.get_ref<const std::string&>());
  if (value.is_number_float()) {
    if (const auto number = whole(value.get<double>())) return *number;
  }
  throw std::invalid_argument(value.dump() + " is not an integer");
}

void put_number(ordered_json& object, const std::string& key, std::optional<double> value,
                const std::string& absent_because) {
  if (value && std::isfinite(*value)) {
    object[key] = *value;
  } else {
    object["absent"][key] = value ? not_finite(*value) : absent_because;
  }
}

ordered_json with_safe_numbers(const ordered_json& json) {
  if (json.is_object()) return safe_object(json);
  if (json.is_array()) return safe_array(json);
  if (json.is_number_unsigned()) return json_integer(json.get<std::uint64_t>());
  if (json.is_number_integer()) return json_integer(json.get<std::int64_t>());
  return json;
}

void write_whole_numbers_as_integers(nlohmann::json& json) {
  write_whole(json);
}

void write_whole_numbers_as_integers(ordered_json& json) {
  write_whole(json);
}

std::string key_with_unit(const std::string& id, const std::string& unit) {
  const std::string suffix = unit == "1" ? "" : unit_suffix(unit);
  if (suffix.empty() || id == suffix || id.ends_with("_" + suffix)) return id;
  return id + "_" + suffix;
}

std::string percentile_key(double percentile) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, percentile);
  return error == std::errc() ? "p" + std::string(text, end) : "p?";
}

}  // namespace inferbench
