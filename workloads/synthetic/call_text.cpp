#include "workloads/synthetic/call_text.hpp"

#include "harness/base/error.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {

CallText parse_call(std::string_view text, const std::string& place) {
  text = trimmed(text);
  CallText call;
  const std::size_t open = text.find('(');
  if (open == std::string_view::npos) {
    call.name = text;
    return call;
  }
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (depth == 0 && i + 1 < text.size()) break;
  }
  if (depth != 0 || text.back() != ')') {
    throw Error(place, "\"" + std::string(text) + "\" has parentheses that do not match",
                "expected NAME(ARGUMENT,...)");
  }
  call.name = trimmed(text.substr(0, open));
  call.parentheses = true;
  const std::string_view inside = text.substr(open + 1, text.size() - open - 2);
  if (!trimmed(inside).empty()) call.arguments = split_outside_parentheses(inside, ',');
  return call;
}

std::string_view CallText::at(std::size_t k, std::string_view usage,
                              const std::string& place) const {
  if (k >= arguments.size()) expect(k + 1, arguments.size() + k + 1, usage, place);
  return arguments[k];
}

void CallText::expect(std::size_t least, std::size_t most, std::string_view usage,
                      const std::string& place) const {
  if (arguments.size() >= least && arguments.size() <= most) return;
  throw Error(
      place, "\"" + std::string(name) + "\" has " + std::to_string(arguments.size()) + " arguments",
      "expected " + std::string(usage));
}

}  // namespace inferbench
