#include "workloads/synthetic/generator_spec.hpp"

#include <algorithm>
#include <map>

#include "harness/base/error.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kDefaultRequests = 1000;

const std::vector<std::pair<std::string, GapFamily>>& families() {
  static const std::vector<std::pair<std::string, GapFamily>> list = {
      {"poisson", GapFamily::poisson}, {"gamma", GapFamily::gamma},
      {"weibull", GapFamily::weibull}, {"constant", GapFamily::constant},
      {"at-once", GapFamily::at_once},
  };
  return list;
}

const std::vector<std::string> kKeys = {"rate",   "burstiness", "cv",       "shape", "isl",
                                        "osl",    "lengths",    "requests", "turns", "gap",
                                        "prefix", "groups",     "skew",     "block", "priority"};

// KEY=VALUE pairs of a spec; every key is used at most once and asked for by name.
class Parameters {
 public:
  Parameters(std::string_view text, std::string place) : place_(std::move(place)) {
    if (trimmed(text).empty()) return;
    for (const std::string_view part : split_outside_parentheses(text, ',')) {
      const std::size_t equals = part.find('=');
      if (equals == std::string_view::npos) {
        throw Error(place_, "\"" + std::string(part) + "\" has no \"=\"", "expected KEY=VALUE");
      }
      const std::string key(trimmed(part.substr(0, equals)));
      if (std::find(kKeys.begin(), kKeys.end(), key) == kKeys.end()) {
        throw unknown_name(place_, "key", key, kKeys);
      }
      if (!values_.emplace(key, trimmed(part.substr(equals + 1))).second) {
        throw Error(place_, "key \"" + key + "\" stands twice", "expected it once");
      }
    }
  }

  bool has(const std::string& key) const { return values_.contains(key); }
  std::string_view get(const std::string& key) const { return values_.at(key); }
  std::string place(const std::string& key) const { return place_ + ": " + key; }
  const std::string& place() const { return place_; }

  void refuse_unless(bool meant, const std::string& key, const std::string& rule) const {
    if (!meant && has(key)) throw Error(place_, "\"" + key + "\" has no meaning here", rule);
  }

 private:
  std::string place_;
  std::map<std::string, std::string_view> values_;
};

GapFamily parse_family(std::string_view name, const std::string& place) {
  for (const auto& [known, family] : families()) {
    if (known == name) return family;
  }
  throw unknown_name(place, "arrival process", name, generator_names());
}

double parse_shape(const Parameters& given, GapFamily family) {
  const bool gamma = family == GapFamily::gamma, weibull = family == GapFamily::weibull;
  given.refuse_unless(gamma, "burstiness", "burstiness belongs to gamma arrivals");
  given.refuse_unless(weibull, "shape", "shape belongs to weibull arrivals");
  given.refuse_unless(gamma || weibull, "cv", "cv belongs to gamma and weibull arrivals");
  if (!gamma && !weibull) return 1;
  const std::string key = gamma ? "burstiness" : "shape";
  if (given.has(key) == given.has("cv")) {
    throw Error(given.place(), "expected one of " + key + " and cv",
                "one number says how irregular the gaps are", "e.g. cv=2");
  }
  double shape = 0;
  if (given.has(key)) {
    shape = parse_positive(given.get(key), given.place(key));
  } else {
    const double cv = parse_positive(given.get("cv"), given.place("cv"));
    shape = gamma ? 1.0 / (cv * cv) : weibull_shape_of_cv(cv);
  }
  if (shape < 1e-3 || shape > 1e6 || (weibull && (shape < 0.1 || shape > 50))) {
    throw Error(given.place(), "gaps too extreme",
                gamma ? "expected burstiness 0.001 to 1e6 (cv 0.001 to 31.6)"
                      : "expected shape 0.1 to 50 (cv 0.025 to 429)");
  }
  return shape;
}

RateProfile parse_rate_of(const Parameters& given, GapFamily family) {
  if (family == GapFamily::at_once) {
    given.refuse_unless(false, "rate", "at-once has no rate; use poisson, gamma or constant");
    return RateProfile::constant(1);
  }
  if (!given.has("rate")) {
    throw Error(given.place(), "\"rate\" is missing", "expected requests per second",
                "e.g. rate=2, rate=ramp(1,10,60s) or rate=stages(2x60s,8x30s)");
  }
  return parse_rate(given.get("rate"), given.place("rate"));
}

void parse_request_lengths(const Parameters& given, const LoadForGenerator& load,
                           ConversationShape& shape) {
  if (given.has("lengths")) {
    given.refuse_unless(false, "isl", "lengths gives both lengths");
    given.refuse_unless(false, "osl", "lengths gives both lengths");
    const std::string_view text = given.get("lengths");
    if (!text.starts_with("empirical(") || !text.ends_with(")")) {
      throw Error(given.place("lengths"), "\"" + std::string(text) + "\" names no workload",
                  "expected lengths=empirical(SPEC)");
    }
    shape.pairs = load.pairs(text.substr(10, text.size() - 11));
    return;
  }
  for (const char* key : {"isl", "osl"}) {
    if (!given.has(key)) {
      throw Error(given.place(), std::string("\"") + key + "\" is missing",
                  "expected a distribution of tokens",
                  std::string("e.g. ") + key + "=1024 or " + key + "=uniform(800,1000)");
    }
  }
  shape.input =
      parse_lengths(given.get("isl"), LengthKind::input, load.lengths, given.place("isl"));
  shape.output =
      parse_lengths(given.get("osl"), LengthKind::output, load.lengths, given.place("osl"));
}

void parse_prefix(const Parameters& given, const LoadForGenerator& load, ConversationShape& shape) {
  const std::string rule = "it belongs to prefix=TOKENS";
  given.refuse_unless(given.has("prefix"), "groups", rule);
  given.refuse_unless(given.has("prefix"), "skew", rule);
  if (!given.has("prefix")) return;
  shape.prefix =
      parse_lengths(given.get("prefix"), LengthKind::input, load.lengths, given.place("prefix"));
  if (given.has("groups")) shape.groups = parse_count(given.get("groups"), given.place("groups"));
  if (shape.groups > 10'000'000) {
    throw Error(given.place("groups"), "more than 10,000,000 groups", "expected fewer");
  }
  if (given.has("skew")) shape.skew = parse_number(given.get("skew"), given.place("skew"));
  if (shape.skew < 0) throw Error(given.place("skew"), "a negative skew", "expected >= 0");
}

void parse_turns(const Parameters& given, const LoadForGenerator& load, GeneratorSpec& spec) {
  given.refuse_unless(given.has("turns"), "gap", "gap belongs to turns=N");
  if (given.has("turns")) {
    spec.conversations.turns =
        parse_lengths(given.get("turns"), LengthKind::input, load.lengths, given.place("turns"));
  }
  if (!given.has("gap")) return;
  std::string_view text = given.get("gap");
  ThinkTime gap;
  gap.exponential = text.starts_with("exp:");
  if (gap.exponential) text.remove_prefix(4);
  gap.mean = parse_duration(text, given.place("gap"));
  spec.gap = gap;
}

void parse_priorities(const Parameters& given, ConversationShape& shape) {
  if (!given.has("priority")) return;
  const std::string place = given.place("priority");
  for (const std::string_view part : split_outside_parentheses(given.get("priority"), '/')) {
    const std::size_t colon = part.find(':');
    const std::int64_t priority = parse_count(part.substr(0, colon), place, -1'000'000);
    if (priority > 1'000'000) {
      throw Error(place, "\"" + std::string(part) + "\" is too large", "expected at most 1000000");
    }
    const double weight =
        colon == std::string_view::npos ? 1.0 : parse_positive(part.substr(colon + 1), place);
    shape.priorities.emplace_back(static_cast<std::int32_t>(priority), weight);
  }
}

}  // namespace

std::vector<std::string> generator_names() {
  std::vector<std::string> names;
  for (const auto& [name, family] : families()) names.push_back(name);
  return names;
}

GeneratorSpec parse_generator(std::string_view text, const LoadForGenerator& load) {
  const std::size_t colon = text.find(':');
  const std::string_view name = trimmed(text.substr(0, colon));
  const std::string place = "workload \"" + std::string(text) + "\"";
  GeneratorSpec spec;
  spec.family = parse_family(name, place);
  const Parameters given(colon == std::string_view::npos ? "" : text.substr(colon + 1), place);
  spec.shape = parse_shape(given, spec.family);
  spec.rate = parse_rate_of(given, spec.family);
  parse_request_lengths(given, load, spec.conversations);
  parse_prefix(given, load, spec.conversations);
  parse_turns(given, load, spec);
  parse_priorities(given, spec.conversations);
  if (given.has("requests")) {
    spec.requests = parse_count(given.get("requests"), given.place("requests"));
  } else if (!spec.rate.finite()) {
    spec.requests = kDefaultRequests;
  }
  if (given.has("block")) {
    spec.conversations.block_tokens = Tokens(parse_count(given.get("block"), given.place("block")));
  } else if (given.has("prefix") || given.has("turns")) {
    spec.conversations.block_tokens = Tokens(16);
  }
  return spec;
}

}  // namespace inferbench
