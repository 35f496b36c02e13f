#include "harness/plan/parallel_config.hpp"

#include <array>
#include <map>
#include <vector>

#include "harness/base/error.hpp"
#include "harness/plan/limits.hpp"

namespace inferbench {
namespace {

constexpr const char* kWayOut = "write for example tp2ep16pp2, or tp=4,dp=2";

struct Term {
  std::string word;
  std::int64_t degree = 1;
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool separates(char c) {
  return c == '-' || c == '_' || c == ',' || c == ':' || c == ' ' || c == '=' || c == 'x';
}

std::int64_t read_degree(const std::string& text, std::size_t& at, const std::string& word,
                         const std::string& place) {
  const std::size_t start = at;
  std::int64_t degree = 0;
  while (at < text.size() && is_digit(text[at])) {
    degree = degree * 10 + (text[at++] - '0');
    if (degree > kMostGpus) break;
  }
  if (at == start) {
    throw Error(place, "\"" + text + "\" gives " + word + " no degree",
                "each of tp, cp, ep, pp, dp is followed by a number", kWayOut);
  }
  if (degree < 1 || degree > kMostGpus) {
    throw Error(place, "\"" + text + "\" has a degree that cannot be",
                "degrees are integers from 1 to 1,048,576", kWayOut);
  }
  return degree;
}

// "moe_ep8" is one word with an underscore inside; "tp2_ep4" is two terms.
std::string read_word(const std::string& text, std::size_t& at) {
  std::string word;
  while (at < text.size()) {
    const bool inner_underscore =
        text[at] == '_' && !word.empty() && at + 1 < text.size() && is_letter(text[at + 1]);
    if (!is_letter(text[at]) && !inner_underscore) break;
    word += lower(text[at++]);
  }
  return word;
}

std::vector<Term> read_terms(const std::string& text, const std::string& place) {
  std::vector<Term> terms;
  std::size_t at = 0;
  while (at < text.size()) {
    if (separates(text[at])) {
      ++at;
      continue;
    }
    Term term{.word = read_word(text, at)};
    if (term.word.empty()) {
      throw Error(place, "\"" + text + "\" is not a parallel configuration",
                  "each of tp, cp, ep, pp, dp is followed by its degree", kWayOut);
    }
    while (at < text.size() && (text[at] == '=' || text[at] == ' ' || text[at] == ':')) ++at;
    term.degree = read_degree(text, at, term.word, place);
    terms.push_back(std::move(term));
  }
  if (terms.empty()) throw Error(place, "is empty", "", kWayOut);
  return terms;
}

std::string canonical(const std::string& word, const std::string& place) {
  static const std::map<std::string, std::string> words = {
      {"tp", "tp"},
      {"tp_size", "tp"},
      {"cp", "cp"},
      {"cp_size", "cp"},
      {"ep", "ep"},
      {"ep_size", "ep"},
      {"pp", "pp"},
      {"pp_size", "pp"},
      {"dp", "dp"},
      {"dp_size", "dp"},
      {"attention_dp", "attention_dp"},
      {"attention_dp_size", "attention_dp"},
      {"moe_tp", "moe_tp"},
      {"moe_tp_size", "moe_tp"},
      {"moe_ep", "moe_ep"},
      {"moe_ep_size", "moe_ep"},
  };
  const auto found = words.find(word);
  if (found != words.end()) return found->second;
  throw unknown_name(place, "degree", word,
                     {"tp", "cp", "ep", "pp", "dp", "attention_dp", "moe_tp", "moe_ep"});
}

std::map<std::string, std::int64_t> by_word(const std::string& text, const std::string& place) {
  std::map<std::string, std::int64_t> degrees;
  for (const Term& term : read_terms(text, place)) {
    if (!degrees.emplace(canonical(term.word, place), term.degree).second) {
      throw Error(place, "\"" + text + "\" gives " + term.word + " twice", "", kWayOut);
    }
  }
  return degrees;
}

// Engines describe attention and experts apart: tp x attention_dp ranks hold moe_tp x moe_ep
// expert shards. Here EP ranks are data-parallel for attention and shard experts TP ways inside, so
// the two agree when attention_dp = moe_ep and moe_tp = tp.
std::int64_t expert_degree(const std::map<std::string, std::int64_t>& degrees,
                           const std::string& text, std::int64_t tp, const std::string& place) {
  const auto get = [&](const char* word, std::int64_t fallback) {
    const auto found = degrees.find(word);
    return found == degrees.end() ? fallback : found->second;
  };
  if (degrees.contains("ep")) {
    throw Error(place, "\"" + text + "\" mixes ep with the engines' notation",
                "attention_dp, moe_tp and moe_ep say it already", kWayOut);
  }
  const std::int64_t attention_dp = get("attention_dp", 1);
  const std::int64_t moe_ep = get("moe_ep", attention_dp);
  const std::int64_t moe_tp = get("moe_tp", tp);
  if (tp * attention_dp != moe_tp * moe_ep) {
    throw Error(place, "\"" + text + "\" does not add up",
                "tp x attention_dp must equal moe_tp x moe_ep", kWayOut);
  }
  if (moe_ep != attention_dp) {
    throw Error(place, "\"" + text + "\" splits experts otherwise than attention",
                "only attention_dp = moe_ep with moe_tp = tp is modelled",
                "nearest: " + label({.tp = tp, .ep = attention_dp}));
  }
  return attention_dp;
}

}  // namespace

std::string label(const ParallelConfig& config) {
  const std::array<std::pair<const char*, std::int64_t>, 5> degrees = {{{"TP", config.tp},
                                                                        {"CP", config.cp},
                                                                        {"EP", config.ep},
                                                                        {"PP", config.pp},
                                                                        {"DP", config.dp}}};
  std::string text;
  for (const auto& [word, degree] : degrees) {
    if (degree > 1) text += word + std::to_string(degree);
  }
  return text.empty() ? "TP1" : text;
}

ParallelConfig parse_parallel(const std::string& text, const std::string& place) {
  const auto degrees = by_word(text, place);
  ParallelConfig config;
  const auto set = [&](const char* word, std::int64_t& degree) {
    const auto found = degrees.find(word);
    if (found != degrees.end()) degree = found->second;
  };
  set("tp", config.tp);
  set("cp", config.cp);
  set("ep", config.ep);
  set("pp", config.pp);
  set("dp", config.dp);
  const bool engine_notation =
      degrees.contains("attention_dp") || degrees.contains("moe_tp") || degrees.contains("moe_ep");
  if (engine_notation) config.ep = expert_degree(degrees, text, config.tp, place);
  // Each degree is at most 2^20; the product is checked so that gpus() cannot overflow.
  double gpus = 1;
  for (const std::int64_t degree : {config.tp, config.cp, config.ep, config.pp, config.dp}) {
    gpus *= static_cast<double>(degree);
  }
  if (gpus > static_cast<double>(kMostGpus)) {
    throw Error(place, "\"" + text + "\" needs more than 1,048,576 GPUs", "", kWayOut);
  }
  return config;
}

}  // namespace inferbench
