#include <string>

#include "harness/base/error.hpp"
#include "workloads/synthetic/call_text.hpp"
#include "workloads/synthetic/length_distribution.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kLongest = 1 << 20;

struct Bounds {
  std::int64_t min = 1, max = kLongest;
};

// The optional MIN and MAX after two parameters.
Bounds parse_bounds(const CallText& call, const std::string& place) {
  Bounds bounds;
  if (call.arguments.size() > 2) bounds.min = parse_count(call.arguments[2], place);
  if (call.arguments.size() > 3) bounds.max = parse_count(call.arguments[3], place);
  if (bounds.min > bounds.max) {
    throw Error(place,
                "MIN " + std::to_string(bounds.min) + " is above MAX " + std::to_string(bounds.max),
                "expected MIN <= MAX");
  }
  return bounds;
}

Lengths parse_uniform(const CallText& call, const std::string& place) {
  call.expect(2, 2, "uniform(MIN,MAX)", place);
  const std::int64_t min = parse_count(call.arguments[0], place);
  const std::int64_t max = parse_count(call.arguments[1], place);
  if (min > max) throw Error(place, "uniform(MIN,MAX) has MIN above MAX", "expected MIN <= MAX");
  return uniform_length(min, max);
}

double parse_spread(std::string_view text, const std::string& place) {
  const double spread = parse_number(text, place);
  if (spread < 0) throw Error(place, "a negative spread", "expected a number >= 0");
  return spread;
}

Lengths parse_normal(const CallText& call, const std::string& place) {
  call.expect(2, 4, "normal(MEAN,STDDEV[,MIN,MAX])", place);
  const Bounds bounds = parse_bounds(call, place);
  return normal_length(parse_positive(call.arguments[0], place),
                       parse_spread(call.arguments[1], place), bounds.min, bounds.max);
}

Lengths parse_lognormal(const CallText& call, const std::string& place) {
  call.expect(2, 4, "lognormal(P50,SIGMA[,MIN,MAX])", place);
  const Bounds bounds = parse_bounds(call, place);
  return lognormal_length(parse_positive(call.arguments[0], place),
                          parse_spread(call.arguments[1], place), bounds.min, bounds.max);
}

Lengths parse_mixture(const CallText& call, LengthKind kind, const LoadLengths& load,
                      const std::string& place) {
  call.expect(1, 1, "mix(WEIGHT*DIST+WEIGHT*DIST)", place);
  std::vector<std::pair<double, Lengths>> parts;
  for (const std::string_view part : split_outside_parentheses(call.arguments[0], '+')) {
    const std::size_t star = part.find('*');
    if (star == std::string_view::npos) {
      throw Error(place, "\"" + std::string(part) + "\" has no weight",
                  "expected mix(0.7*uniform(10,100)+0.3*fixed(8000))");
    }
    const double weight = parse_positive(part.substr(0, star), place);
    parts.emplace_back(weight, parse_lengths(part.substr(star + 1), kind, load, place));
  }
  return mixture_length(std::move(parts));
}

Lengths parse_empirical(std::string_view text, LengthKind kind, const LoadLengths& load,
                        const std::string& place) {
  const std::size_t open = text.find('('), close = text.rfind(')');
  const std::string_view spec =
      open == std::string_view::npos ? "" : trimmed(text.substr(open + 1, close - open - 1));
  if (spec.empty()) throw Error(place, "empirical without a workload", "expected empirical(SPEC)");
  return empirical_length(std::string(spec), load(spec, kind));
}

}  // namespace

Lengths parse_lengths(std::string_view text, LengthKind kind, const LoadLengths& load,
                      const std::string& place) {
  const CallText call = parse_call(text, place);
  if (!call.parentheses && !call.name.empty() && call.name[0] >= '0' && call.name[0] <= '9') {
    return fixed_length(parse_count(call.name, place));
  }
  if (call.name == "fixed") {
    call.expect(1, 1, "fixed(TOKENS)", place);
    return fixed_length(parse_count(call.arguments[0], place));
  }
  if (call.name == "uniform") return parse_uniform(call, place);
  if (call.name == "normal") return parse_normal(call, place);
  if (call.name == "lognormal") return parse_lognormal(call, place);
  if (call.name == "mix") return parse_mixture(call, kind, load, place);
  if (call.name == "empirical") return parse_empirical(trimmed(text), kind, load, place);
  throw unknown_name(place, "distribution", call.name,
                     {"fixed", "uniform", "normal", "lognormal", "mix", "empirical"});
}

}  // namespace inferbench
