#include "harness/claims/numbers.hpp"

#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"

namespace inferbench {

void Numbers::put(const std::string& name, NumberValue value) {
  ensure(find(name) == nullptr, "a measure names each number once");
  all_.emplace_back(name, std::move(value));
}

void Numbers::set(const std::string& name, double value) {
  put(name, std::vector<double>{value});
}

void Numbers::set(const std::string& name, std::vector<double> series) {
  put(name, std::move(series));
}

void Numbers::set(const std::string& name, std::string text) {
  put(name, std::move(text));
}

void Numbers::absent(const std::string& name, std::string reason) {
  put(name, AbsentNumber{std::move(reason)});
}

const NumberValue* Numbers::find(const std::string& name) const {
  for (const auto& [known, value] : all_) {
    if (known == name) return &value;
  }
  return nullptr;
}

std::vector<std::string> Numbers::names() const {
  std::vector<std::string> names;
  for (const auto& entry : all_) names.push_back(entry.first);
  return names;
}

namespace {

std::string shown_number(double value, int digits) {
  // Counts are shown whole: "4,026,531,840", not "4.027e9".
  if (std::floor(value) == value && std::abs(value) < 1e15) {
    return with_commas(static_cast<long long>(value));
  }
  return significant(value, digits);
}

}  // namespace

std::string shown(const NumberValue& value, int digits) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* absent = std::get_if<AbsentNumber>(&value)) {
    return "absent (" + absent->reason + ")";
  }
  std::string joined;
  for (const double number : std::get<std::vector<double>>(value)) {
    joined += (joined.empty() ? "" : ", ") + shown_number(number, digits);
  }
  return joined.empty() ? "none" : joined;
}

}  // namespace inferbench
