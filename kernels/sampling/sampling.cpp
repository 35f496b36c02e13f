#include "kernels/sampling/sampling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "kernels/sampling/kernels.hpp"

namespace inferbench {

double sampling_uniform(std::uint64_t seed, std::uint64_t request, std::uint64_t position) {
  return Random(seed).stream("sampling").at(request).at(position).uniform();
}

void check_sampling_request(const SamplingRequest& r) {
  const auto demand = [](bool holds, const char* name, double value, const char* rule) {
    if (!holds) throw Error("sampling", std::string(name) + " = " + std::to_string(value), rule);
  };
  const auto temperature = static_cast<double>(r.temperature);
  demand(std::isfinite(temperature) && (temperature == 0 || temperature >= 1e-30), "temperature",
         temperature, "must be 0 (greedy) or at least 1e-30");
  demand(r.top_k >= 0, "top_k", static_cast<double>(r.top_k), "must be 0 (all) or more");
  demand(r.top_p > 0 && r.top_p <= 1, "top_p", r.top_p, "must be above 0 and at most 1");
  demand(r.uniform >= 0 && r.uniform < 1, "uniform", r.uniform, "must be in [0, 1)");
}

Sampler::Scratch::Scratch(std::int64_t tokens) : vocabulary(tokens) {
  const auto blocks = static_cast<std::size_t>((tokens + kSamplingBlock - 1) / kSamplingBlock);
  maxima.resize(blocks);
  block_units.resize(blocks);
  bins.resize(static_cast<std::size_t>(tokens));
  probabilities.resize(static_cast<std::size_t>(tokens));
}

Sampler::Sampler(std::int64_t vocabulary, Isa isa)
    : vocabulary_(vocabulary),
      kernel_(isa >= Isa::avx512 ? SamplingKernels::avx512()
              : isa >= Isa::avx2 ? SamplingKernels::avx2()
                                 : SamplingKernels::portable()) {
  constexpr std::int64_t kMost = std::int64_t{1} << 22;  // sums of units fit 64 bits
  if (vocabulary < 1 || vocabulary > kMost) {
    throw Error("sampling", "a vocabulary of " + std::to_string(vocabulary),
                "must be 1 .. " + std::to_string(kMost) + " tokens");
  }
}

Sampler::~Sampler() = default;

void Sampler::sample(std::span<const float> logits, std::span<const SamplingRequest> requests,
                     std::span<std::int32_t> tokens, ThreadTeam& team) {
  ensure(logits.size() == requests.size() * static_cast<std::size_t>(vocabulary_) &&
             tokens.size() == requests.size(),
         "a row of logits and a token for each sampling request");
  for (const SamplingRequest& r : requests) check_sampling_request(r);
  while (scratch_.size() < team.size()) scratch_.emplace_back(vocabulary_);
  team.run([&](unsigned rank) {
    const Range mine = share(static_cast<std::int64_t>(requests.size()), rank, team.size());
    for (std::int64_t r = mine.begin; r < mine.end; ++r) {
      const auto at = static_cast<std::size_t>(r);
      tokens[at] = kernel_(logits.data() + r * vocabulary_, requests[at], scratch_[rank]);
    }
  });
}

std::uint64_t nucleus_units(double top_p, std::uint64_t total) {
  const auto need = static_cast<std::uint64_t>(std::ceil(top_p * static_cast<double>(total)));
  return std::clamp<std::uint64_t>(need, 1, total);
}

std::int32_t sample_reference(std::span<const float> logits, const SamplingRequest& r) {
  check_sampling_request(r);
  std::vector<std::int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto logit = [&](std::int32_t i) {
    const float given = logits[static_cast<std::size_t>(i)];
    return std::isnan(given) ? -std::numeric_limits<float>::infinity() : given;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int32_t a, std::int32_t b) { return logit(a) > logit(b); });
  const float largest = logit(order.front());
  if (!std::isfinite(largest)) return -1;
  if (r.temperature == 0) return order.front();
  const auto units = [&](std::int32_t i) {
    return probability_units(token_probability(logit(i), largest, 1.0F / r.temperature));
  };
  const auto k = static_cast<std::size_t>(r.top_k);
  if (k > 0 && k < order.size()) order.resize(k);
  std::uint64_t total = 0;
  for (const std::int32_t i : order) total += units(i);
  if (r.top_p < 1) {
    const std::uint64_t need = nucleus_units(r.top_p, total);
    std::size_t kept = 0;
    for (total = 0; total < need; ++kept) total += units(order[kept]);
    order.resize(kept);
  }
  std::sort(order.begin(), order.end());
  std::uint64_t at =
      std::min(total - 1, static_cast<std::uint64_t>(r.uniform * static_cast<double>(total)));
  for (const std::int32_t i : order) {
    if (at < units(i)) return i;
    at -= units(i);
  }
  return -1;
}

}  // namespace inferbench
