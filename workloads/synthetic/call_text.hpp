#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace inferbench {

// "uniform(800,1000)" as its name and arguments; a text without parentheses has none.
struct CallText {
  std::string_view name;
  std::vector<std::string_view> arguments;
  bool parentheses = false;

  // The k-th argument; throws Error{place} with `usage` when there are fewer.
  std::string_view at(std::size_t k, std::string_view usage, const std::string& place) const;
  // Throws Error{place} unless there are between `least` and `most` arguments.
  void expect(std::size_t least, std::size_t most, std::string_view usage,
              const std::string& place) const;
};

// Throws Error{place} when parentheses do not match.
CallText parse_call(std::string_view text, const std::string& place);

}  // namespace inferbench
