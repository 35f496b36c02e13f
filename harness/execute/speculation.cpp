#include "harness/execute/speculation.hpp"

#include <algorithm>
#include <optional>

#include "harness/base/error.hpp"
#include "harness/base/text_table.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

constexpr const char* kPlace = "--speculate";
constexpr std::int64_t kMostDrafted = 64;

// The parts as typed.
struct Given {
  std::optional<std::int64_t> gamma, mtp;
  std::optional<std::string> draft;
  bool ngram = false;
  std::vector<double> accept;
};

std::vector<double> rates(std::string_view text) {
  std::vector<double> list;
  for (const std::string_view part : split_outside_parentheses(text, '/')) {
    const double rate = parse_number(part, kPlace);
    if (!(rate >= 0 && rate <= 1)) {
      throw Error(kPlace, "accept = " + std::string(part) + " is not a rate",
                  "0 <= accept <= 1: the share of drafted tokens that the model agrees with",
                  "0 is the worst case, 1 the best; for one rate per position accept=0.9/0.8/0.7");
    }
    list.push_back(rate);
  }
  return list;
}

std::int64_t count(std::string_view text, std::string_view key, std::int64_t least) {
  const std::int64_t value = parse_count(text, kPlace, least);
  if (value <= kMostDrafted) return value;
  throw Error(kPlace, std::string(key) + " = " + std::string(text) + " tokens per decode",
              "at most " + std::to_string(kMostDrafted), "2 to 8 are usual");
}

void use_part(std::string_view part, Given& given) {
  const std::size_t equals = part.find('=');
  const std::string key(trimmed(part.substr(0, equals)));
  const bool bare = equals == std::string_view::npos;
  const std::string_view value = bare ? std::string_view{} : trimmed(part.substr(equals + 1));
  const std::vector<std::string> keys = {"gamma", "accept", "draft", "ngram", "mtp"};
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
    throw unknown_name(kPlace, "part", key, keys);
  }
  if (bare != (key == "ngram")) {
    throw Error(kPlace, "\"" + std::string(part) + "\" is not usable",
                "ngram stands alone, the others as KEY=VALUE", "gamma=4,accept=0.8");
  }
  if (key == "gamma") given.gamma = count(value, key, 0);
  if (key == "mtp") given.mtp = count(value, key, 1);
  if (key == "accept") given.accept = rates(value);
  if (key == "draft") given.draft = std::string(value);
  if (key == "ngram") given.ngram = true;
}

Speculation::Method method_of(const Given& given) {
  const int named = (given.ngram ? 1 : 0) + (given.draft ? 1 : 0) + (given.mtp ? 1 : 0);
  if (named > 1) {
    throw Error(kPlace, "more than one of ngram, draft and mtp", "one of them drafts",
                "leave the others out");
  }
  if (given.draft) return Speculation::Method::draft_model;
  return given.mtp ? Speculation::Method::mtp : Speculation::Method::ngram;
}

std::int64_t drafted(const Given& given) {
  if (given.mtp) {
    if (!given.gamma || given.gamma == given.mtp) return *given.mtp;
    throw Error(
        kPlace,
        "mtp = " + std::to_string(*given.mtp) + " and gamma = " + std::to_string(*given.gamma),
        "both say how many tokens are drafted", "leave gamma out");
  }
  if (given.gamma) return *given.gamma;
  if (given.accept.size() > 1) return static_cast<std::int64_t>(given.accept.size());
  throw Error(kPlace, "nothing says how many tokens are drafted",
              "gamma=N, mtp=N, or one accept rate per position", "gamma=4,accept=0.8");
}

}  // namespace

Speculation parse_measured_speculation(std::string_view text) {
  Given given;
  for (const std::string_view part : split_outside_parentheses(text, ',')) use_part(part, given);
  if (!given.accept.empty()) {
    throw Error(kPlace, "accept is said", "where drafts are computed it is measured",
                "leave accept out");
  }
  Speculation speculation;
  speculation.method = method_of(given);
  speculation.draft_model = given.draft.value_or("");
  speculation.draft_tokens = Tokens(drafted(given));
  return speculation;
}

Speculation parse_speculation(std::string_view text) {
  Given given;
  for (const std::string_view part : split_outside_parentheses(text, ',')) use_part(part, given);
  if (given.accept.empty()) {
    throw Error(kPlace, "accept is missing",
                "how often the model agrees with a drafted token depends on model and text",
                "accept=0.8, or accept=0 and accept=1 for the worst and the best case");
  }
  Speculation speculation;
  speculation.method = method_of(given);
  speculation.draft_model = given.draft.value_or("");
  const std::int64_t tokens = drafted(given);
  speculation.draft_tokens = Tokens(tokens);
  if (given.accept.size() == 1)
    given.accept.resize(static_cast<std::size_t>(tokens), given.accept.front());
  if (static_cast<std::int64_t>(given.accept.size()) != tokens) {
    throw Error(kPlace,
                std::to_string(given.accept.size()) + " accept rates for " +
                    std::to_string(tokens) + " drafted tokens",
                "one rate for all, or one per position", "leave gamma out: the rates count");
  }
  speculation.acceptance = std::move(given.accept);
  return speculation;
}

std::string label(const Speculation& speculation) {
  const std::int64_t tokens = speculation.draft_tokens.count();
  std::string text = std::to_string(tokens) + (tokens == 1 ? " token" : " tokens") + " drafted by ";
  switch (speculation.method) {
    case Speculation::Method::ngram:
      text += "n-gram";
      break;
    case Speculation::Method::draft_model:
      text += speculation.draft_model;
      break;
    case Speculation::Method::mtp:
      text += "multi-token prediction";
      break;
  }
  const std::vector<double>& rates = speculation.acceptance;
  const bool alike =
      std::all_of(rates.begin(), rates.end(), [&](double rate) { return rate == rates.front(); });
  if (!rates.empty()) text += ", accepted ";
  for (std::size_t i = 0; i < (alike ? std::min<std::size_t>(1, rates.size()) : rates.size());
       ++i) {
    text += (i == 0 ? "" : "/") + significant(rates[i]);
  }
  return text;
}

double expected_tokens_per_decode(const Speculation& speculation) {
  double expected = 1, all_before = 1;
  for (const double rate : speculation.acceptance) expected += all_before *= rate;
  return expected;
}

}  // namespace inferbench
