#include "harness/plan/lora.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/base/real.hpp"
#include "harness/plan/memory.hpp"
#include "harness/plan/option_terms.hpp"

namespace inferbench {
namespace {

constexpr double kAdapterBytes = 2.0;  // per element

void read_targets(const std::string& text, const ModelSpec& model, const std::string& place,
                  LoraAdapters& lora) {
  lora.qkv = lora.out = lora.up = lora.down = false;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find('+', begin), text.size());
    const std::string target = text.substr(begin, end - begin);
    if (target == "qkv") {
      lora.qkv = true;
    } else if (target == "out") {
      lora.out = true;
    } else if (target == "up") {
      lora.up = true;
    } else if (target == "down") {
      lora.down = true;
    } else {
      throw unknown_name(place, "target", target, {"qkv", "out", "up", "down"});
    }
    begin = end + 1;
  }
  if (model.moe && (lora.up || lora.down)) {
    throw Error(place, "targets " + text + " of " + model.name,
                "its FFNs are experts, and adapters of experts are not modelled",
                "use targets=qkv+out");
  }
}

void read_popularity(const std::string& text, const std::string& place, LoraAdapters& lora) {
  if (text == "uniform") return;
  if (!text.starts_with("zipf:")) {
    throw unknown_name(place, "popularity", text, {"uniform", "zipf:1.5"});
  }
  lora.exponent = parse_real(text.substr(5), place + " popularity", 0.01, 10);
}

}  // namespace

LoraAdapters parse_lora(const std::string& text, const ModelSpec& model, const std::string& place) {
  if (model.mla) {
    throw Error(place, "adapters of " + model.name, "those of latent attention are not modelled",
                "choose a model without MLA");
  }
  LoraAdapters lora;
  lora.rank = lora.adapters = 0;
  lora.up = lora.down = !model.moe;
  for (const auto& [key, value] : parse_terms(text, place)) {
    if (key == "rank") {
      lora.rank =
          parse_count(value, place + " rank", 1, std::min<std::int64_t>(model.hidden, 1024));
    } else if (key == "adapters") {
      lora.adapters = parse_count(value, place + " adapters", 1, 1'000'000);
    } else if (key == "targets") {
      read_targets(value, model, place, lora);
    } else if (key == "popularity") {
      read_popularity(value, place, lora);
    } else if (key == "seed") {
      lora.seed =
          static_cast<std::uint64_t>(parse_count(value, place + " seed", 0, std::int64_t{1} << 53));
    } else {
      throw unknown_name(place, "term", key, {"rank", "adapters", "targets", "popularity", "seed"});
    }
  }
  if (lora.rank == 0 || lora.adapters == 0) {
    throw Error(place, "\"" + text + "\"", "rank and adapters are needed",
                "e.g. rank=16,adapters=64");
  }
  return lora;
}

std::string label(const LoraAdapters& lora) {
  std::string targets;
  const auto add = [&](bool there, const char* name) {
    if (there) targets += (targets.empty() ? "" : "+") + std::string(name);
  };
  add(lora.qkv, "qkv"), add(lora.out, "out"), add(lora.up, "up"), add(lora.down, "down");
  std::string text = "rank=" + std::to_string(lora.rank) +
                     ",adapters=" + std::to_string(lora.adapters) + ",targets=" + targets;
  if (lora.exponent > 0) text += ",popularity=zipf:" + shortest(lora.exponent);
  if (lora.seed > 0) text += ",seed=" + std::to_string(lora.seed);
  return text;
}

std::vector<LoraProjection> lora_projections(const LoraAdapters& lora, const ModelSpec& model,
                                             std::int64_t tp) {
  const double hidden = real(model.hidden), head = real(model.head_dim);
  const double q_width = real(largest_share(model.heads, tp)) * head;
  const double kv_width = 2.0 * real(kv_heads_per_rank(model, tp)) * head;
  const double ffn = real(largest_share(model.ffn, tp)), ups = real(model.ffn_matrices - 1);
  std::vector<LoraProjection> all;
  if (lora.qkv) all.push_back({"qkv", 3, hidden, q_width + kv_width});
  if (lora.out) all.push_back({"out", 1, q_width, hidden});
  if (lora.up) all.push_back({"up", ups, hidden, ups * ffn});
  if (lora.down) all.push_back({"down", 1, ffn, hidden});
  return all;
}

Bytes lora_bytes(const LoraAdapters& lora, const ModelSpec& model, std::int64_t tp, double layers) {
  double elements = 0;
  for (const LoraProjection& projection : lora_projections(lora, model, tp)) {
    elements += projection.elements(real(lora.rank));
  }
  return Bytes(real(lora.adapters) * layers * elements * kAdapterBytes);
}

AdapterChoice::AdapterChoice(const LoraAdapters& lora)
    : adapters_(static_cast<std::size_t>(lora.adapters)), seed_(lora.seed) {
  if (lora.exponent == 0) return;
  double sum = 0;
  cumulative_.reserve(adapters_);
  for (std::size_t place = 1; place <= adapters_; ++place) {
    cumulative_.push_back(sum += std::pow(static_cast<double>(place), -lora.exponent));
  }
  for (double& c : cumulative_) c /= sum;
}

std::uint32_t AdapterChoice::of(RequestId request) const {
  static const RandomStream streams(0, "lora adapters");
  RandomStream own = streams.at(seed_).at(request.index());
  if (cumulative_.empty()) return static_cast<std::uint32_t>(own.below(adapters_));
  const auto found = std::upper_bound(cumulative_.begin(), cumulative_.end(), own.uniform());
  const auto place = static_cast<std::size_t>(found - cumulative_.begin());
  return static_cast<std::uint32_t>(std::min(place, adapters_ - 1));
}

double AdapterChoice::expected_distinct(double requests) const {
  const auto seen = [&](double p) { return p >= 1 ? 1.0 : -std::expm1(requests * std::log1p(-p)); };
  const double n = static_cast<double>(adapters_);
  if (cumulative_.empty()) return n * seen(1.0 / n);
  double distinct = 0, before = 0;
  for (const double c : cumulative_) distinct += seen(c - before), before = c;
  return distinct;
}

}  // namespace inferbench
