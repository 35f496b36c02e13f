#include "harness/micro/axes.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <string_view>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

constexpr std::size_t kMostValues = 10'000;
constexpr std::int64_t kLargestExponent = 62;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(trimmed(text.substr(0, at)));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::optional<std::int64_t> whole(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

class Reader {
 public:
  explicit Reader(const std::string& text) { axis_.text = text; }

  AxisValues read() {
    const std::string& text = axis_.text;
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) refuse("has no \"=\"", "an axis is NAME=VALUES");
    read_name(trimmed(std::string_view(text).substr(0, equals)));
    std::string_view values = trimmed(std::string_view(text).substr(equals + 1));
    if (values.starts_with('[') != values.ends_with(']')) {
      refuse("has an unmatched bracket", "values are [1,2,4] or 1,2,4");
    }
    if (values.starts_with('[')) values = values.substr(1, values.size() - 2);
    for (const std::string_view item : split(values, ',')) read_item(item);
    return std::move(axis_);
  }

 private:
  [[noreturn]] void refuse(const std::string& problem, const std::string& rule) const {
    throw Error("-a " + axis_.text, problem, rule, "e.g. -a M=[1,16,64] -a 'N[pow2]=[8:12]'");
  }

  void read_name(std::string_view name) {
    constexpr std::string_view kPowers = "[pow2]";
    if (name.ends_with(kPowers)) {
      powers_ = true;
      name.remove_suffix(kPowers.size());
    }
    if (name.empty() || name.find_first_of("[] ") != std::string_view::npos) {
      refuse("has no usable name", "an axis is NAME=VALUES or NAME[pow2]=EXPONENTS");
    }
    for (const char c : name) {
      axis_.name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
  }

  void read_item(std::string_view item) {
    if (item.empty()) refuse("has an empty value", "values are [1,2,4] or [start:stop:stride]");
    const std::vector<std::string_view> range = split(item, ':');
    if (range.size() == 1) {
      if (powers_) return add_number(number(item));
      return add(std::string(item));
    }
    if (range.size() > 3) refuse("has a range of more than three parts", "start:stop:stride");
    const std::int64_t first = number(range[0]), last = number(range[1]);
    const std::int64_t stride = range.size() == 3 ? number(range[2]) : 1;
    if (stride < 1 || last < first) {
      refuse("has a range without values", "start <= stop and a stride of at least 1");
    }
    for (std::int64_t value = first;; value += stride) {
      add_number(value);
      if (last - value < stride) break;
    }
  }

  std::int64_t number(std::string_view text) const {
    const std::optional<std::int64_t> value = whole(text);
    if (!value) refuse("\"" + std::string(text) + "\" is not a whole number", "");
    return *value;
  }

  void add_number(std::int64_t value) {
    if (powers_ && (value < 0 || value > kLargestExponent)) {
      refuse("2^" + std::to_string(value) + " is out of range", "exponents are 0 to 62");
    }
    add(std::to_string(powers_ ? std::int64_t{1} << value : value));
  }

  void add(std::string value) {
    if (axis_.values.size() == kMostValues) {
      refuse("has too many values", "at most " + std::to_string(kMostValues));
    }
    axis_.values.push_back(std::move(value));
  }

  AxisValues axis_;
  bool powers_ = false;
};

}  // namespace

AxisValues parse_axis(const std::string& text) {
  return Reader(text).read();
}

std::vector<std::int64_t> axis_numbers(const AxisValues& axis) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(axis.values.size());
  for (const std::string& value : axis.values) {
    const std::optional<std::int64_t> number = whole(value);
    if (!number) throw Error("-a " + axis.text, "\"" + value + "\" is not a whole number");
    numbers.push_back(*number);
  }
  return numbers;
}

}  // namespace inferbench
