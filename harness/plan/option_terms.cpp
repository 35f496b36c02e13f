#include "harness/plan/option_terms.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

template <class Number>
bool read_whole(const std::string& text, Number& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

OptionTerms parse_terms(const std::string& text, const std::string& place) {
  OptionTerms terms;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string term = text.substr(begin, end - begin);
    const std::size_t equals = std::min(term.find('='), term.size());
    const std::string key = term.substr(0, equals);
    if (key.empty()) {
      throw Error(place, "\"" + text + "\" has an empty term", "expected KEY=VALUE,KEY=VALUE");
    }
    for (const auto& [other, value] : terms) {
      if (other == key) throw Error(place, "\"" + key + "\" is given twice", "once is enough");
    }
    terms.emplace_back(key, equals < term.size() ? term.substr(equals + 1) : "");
    begin = end + 1;
  }
  return terms;
}

std::int64_t parse_count(const std::string& text, const std::string& place, std::int64_t least,
                         std::int64_t most) {
  std::int64_t value = 0;
  if (!read_whole(text, value) || value < least || value > most) {
    throw Error(
        place, "\"" + text + "\"",
        "expected a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

double parse_real(const std::string& text, const std::string& place, double least, double most) {
  double value = 0;
  if (!read_whole(text, value) || !(value >= least && value <= most)) {
    throw Error(place, "\"" + text + "\"",
                "expected a number from " + shortest(least) + " to " + shortest(most));
  }
  return value;
}

std::string shortest(double value) {
  std::array<char, 32> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  ensure(error == std::errc(), "a double has at most 32 digits");
  return {digits.data(), end};
}

}  // namespace inferbench
