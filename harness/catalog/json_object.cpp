#include "harness/catalog/json_object.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

std::string shown(const nlohmann::json& value) {
  std::string text = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

std::size_t line_of(const std::string& text, std::size_t byte) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(byte, text.size()));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

std::string joined(const std::vector<std::string>& names, const char* separator) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : separator) + name;
  return text;
}

}  // namespace

nlohmann::json parse_json(const std::string& text, const std::string& place) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    const std::string what = error.what();
    const std::size_t cause = what.find("syntax error");
    throw Error(place + ":" + std::to_string(line_of(text, error.byte > 0 ? error.byte - 1 : 0)),
                "not JSON: " + (cause == std::string::npos ? what : what.substr(cause)),
                "the file must hold one JSON object");
  }
}

JsonObject::JsonObject(const nlohmann::json& json, std::string place, std::string page)
    : json_(&json), place_(std::move(place)), page_(std::move(page)) {
  if (!json.is_object()) throw Error(place_, shown(json), "expected a JSON object");
}

void JsonObject::refuse(const std::string& key, const std::string& problem, const std::string& rule,
                        const std::string& way_out) const {
  throw Error(place_, "\"" + key + "\"" + (problem.empty() ? "" : " " + problem), rule, way_out);
}

const nlohmann::json* JsonObject::find(const std::string& key) const {
  asked_.insert(key);
  const auto found = json_->find(key);
  if (found == json_->end() || found->is_null()) return nullptr;
  return &*found;
}

const nlohmann::json& JsonObject::require(const std::string& key, const char* expected) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) refuse(key, "is missing", std::string("expected ") + expected);
  return *value;
}

bool JsonObject::has(const std::string& key) const {
  return find(key) != nullptr;
}

std::int64_t JsonObject::as_integer(const std::string& key, const nlohmann::json& value) const {
  // 1.8e12 is how people write large integers.
  if (value.is_number_float()) {
    const double real = value.get<double>();
    if (std::isfinite(real) && std::floor(real) == real && std::abs(real) < 9e15) {
      return static_cast<std::int64_t>(real);
    }
  }
  if (!value.is_number_integer()) refuse(key, "is " + shown(value), "expected an integer");
  return value.get<std::int64_t>();
}

double JsonObject::as_number(const std::string& key, const nlohmann::json& value) const {
  if (!value.is_number()) refuse(key, "is " + shown(value), "expected a number > 0");
  const double real = value.get<double>();
  if (!std::isfinite(real) || real <= 0) {
    refuse(key, "is " + shown(value), "expected a number > 0");
  }
  return real;
}

std::int64_t JsonObject::integer(const std::string& key) const {
  return as_integer(key, require(key, "an integer"));
}

std::int64_t JsonObject::integer(const std::string& key, std::int64_t fallback) const {
  const nlohmann::json* value = find(key);
  return value == nullptr ? fallback : as_integer(key, *value);
}

double JsonObject::number(const std::string& key) const {
  return as_number(key, require(key, "a number > 0"));
}

std::optional<double> JsonObject::optional_number(const std::string& key) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return std::nullopt;
  return as_number(key, *value);
}

std::string JsonObject::text(const std::string& key) const {
  const nlohmann::json& value = require(key, "a text");
  if (!value.is_string() || value.get_ref<const std::string&>().empty()) {
    refuse(key, "is " + shown(value), "expected a text");
  }
  return value.get<std::string>();
}

std::string JsonObject::text(const std::string& key, const std::string& fallback) const {
  return has(key) ? text(key) : fallback;
}

bool JsonObject::boolean(const std::string& key, bool fallback) const {
  const nlohmann::json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) refuse(key, "is " + shown(*value), "expected true or false");
  return value->get<bool>();
}

std::vector<std::string> JsonObject::texts(const std::string& key) const {
  std::vector<std::string> all;
  if (!has(key)) return all;
  for (const nlohmann::json& value : array(key)) {
    if (!value.is_string()) refuse(key, "holds " + shown(value), "expected a list of texts");
    all.push_back(value.get<std::string>());
  }
  return all;
}

JsonObject JsonObject::object(const std::string& key) const {
  const nlohmann::json& value = require(key, "an object");
  if (!value.is_object()) refuse(key, "is " + shown(value), "expected an object");
  return {value, place_ + ": \"" + key + "\"", page_};
}

const nlohmann::json& JsonObject::array(const std::string& key) const {
  const nlohmann::json& value = require(key, "a list");
  if (!value.is_array()) refuse(key, "is " + shown(value), "expected a list");
  return value;
}

std::vector<std::string> JsonObject::keys() const {
  std::vector<std::string> all;
  for (const auto& item : json_->items()) all.push_back(item.key());
  return all;
}

std::int64_t JsonObject::integer_of(const std::vector<std::string>& names) const {
  const auto value = optional_integer_of(names);
  if (!value) refuse(joined(names, "\" or \""), "is missing", "expected an integer");
  return *value;
}

std::optional<std::int64_t> JsonObject::optional_integer_of(
    const std::vector<std::string>& names) const {
  for (const std::string& name : names) {
    if (const nlohmann::json* value = find(name)) return as_integer(name, *value);
  }
  return std::nullopt;
}

void JsonObject::refuse_unknown() const {
  const std::vector<std::string> known(asked_.begin(), asked_.end());
  for (const std::string& key : keys()) {
    if (asked_.contains(key)) continue;
    const auto near = nearest_names(key, known);
    throw Error(place_, "unknown key \"" + key + "\"",
                near.empty() ? "" : "did you mean " + joined(near, ", ") + "?",
                page_ + " lists the keys");
  }
}

}  // namespace inferbench
