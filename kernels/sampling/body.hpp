#pragma once

// Sampling for the instruction set INFERBENCH_TARGET of the file that includes this, whose
// registers have INFERBENCH_VECTOR_BYTES: loops that the compiler vectorises. Their results are
// exact, so they agree between instruction sets.

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "kernels/sampling/kernels.hpp"

namespace inferbench {
namespace {

constexpr float kLowest = -std::numeric_limits<float>::infinity();
using Scratch = SamplingKernels::Scratch;
using Candidates = std::vector<TokenCandidate>;

// In the compiler's own vectors: it does not find this reduction by itself.
using Floats [[gnu::vector_size(INFERBENCH_VECTOR_BYTES)]] = float;

INFERBENCH_TARGET float block_maximum(const float* logits, std::int64_t size) {
  constexpr std::int64_t kLanes = INFERBENCH_VECTOR_BYTES / sizeof(float);
  Floats most = Floats{} + kLowest;
  std::int64_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    Floats x;
    std::memcpy(&x, logits + i, sizeof(x));
    most = x > most ? x : most;
  }
  float lanes[kLanes];
  std::memcpy(lanes, &most, sizeof(lanes));
  for (; i < size; ++i) lanes[0] = logits[i] > lanes[0] ? logits[i] : lanes[0];
  return *std::max_element(lanes, lanes + kLanes);
}

INFERBENCH_TARGET float find_maxima(const float* logits, Scratch& s) {
  float most = kLowest;
  for (std::int64_t b = 0, at = 0; at < s.vocabulary; ++b, at += kSamplingBlock) {
    const std::int64_t size = std::min(kSamplingBlock, s.vocabulary - at);
    const float m = block_maximum(logits + at, size);
    s.maxima[static_cast<std::size_t>(b)] = m;
    most = std::max(most, m);
  }
  return most;
}

// Every token's probability and bin, and the sum of each block in units. Bins follow the rank: a
// token in a lower bin ranks before one in a higher bin.
INFERBENCH_TARGET std::uint64_t weigh(const float* logits, float largest, float inverse,
                                      Scratch& s) {
  constexpr float kPerNat = 32, kLast = kNucleusBins - 1;
  std::uint64_t total = 0;
  float* p = s.probabilities.data();
  std::int32_t* bins = s.bins.data();
  for (std::int64_t b = 0, at = 0; at < s.vocabulary; ++b, at += kSamplingBlock) {
    const std::int64_t end = std::min(at + kSamplingBlock, s.vocabulary);
    for (std::int64_t i = at; i < end; ++i) {
      p[i] = token_probability(logits[i], largest, inverse);
      const float bin = (largest - logits[i]) * inverse * kPerNat;
      bins[i] = static_cast<std::int32_t>(bin < kLast ? bin : kLast);
    }
    std::uint64_t units = 0;
    for (std::int64_t i = at; i < end; ++i) units += probability_units(p[i]);
    s.block_units[static_cast<std::size_t>(b)] = units;
    total += units;
  }
  return total;
}

// Tokens whose logit is at least `least`, in the order of their index.
void gather(const float* logits, float least, Scratch& s) {
  s.candidates.clear();
  for (std::int64_t b = 0, at = 0; at < s.vocabulary; ++b, at += kSamplingBlock) {
    if (s.maxima[static_cast<std::size_t>(b)] < least) continue;
    const std::int64_t end = std::min(at + kSamplingBlock, s.vocabulary);
    for (std::int64_t i = at; i < end; ++i) {
      if (logits[i] >= least) {
        s.candidates.push_back({.logit = logits[i], .index = static_cast<std::int32_t>(i)});
      }
    }
  }
}

float kth_largest(std::vector<float>& values, std::int64_t k) {
  const auto at = values.begin() + (k - 1);
  std::nth_element(values.begin(), at, values.end(), std::greater<>());
  return *at;
}

// The k first-ranked tokens, or all that have a logit where these are fewer. As many blocks have
// maxima of at least the k-th largest of these, so the k-th largest logit is not below it.
void keep_top_k(const float* logits, std::int64_t k, Scratch& s) {
  float least = kLowest;
  if (k <= static_cast<std::int64_t>(s.maxima.size())) {
    s.ranked.assign(s.maxima.begin(), s.maxima.end());
    least = kth_largest(s.ranked, k);
  }
  gather(logits, least, s);
  k = std::min(k, static_cast<std::int64_t>(s.candidates.size()));  // NaN is none
  s.ranked.clear();
  for (const TokenCandidate& c : s.candidates) s.ranked.push_back(c.logit);
  const float last = kth_largest(s.ranked, k);
  std::int64_t equals = k;
  for (const TokenCandidate& c : s.candidates) equals -= c.logit > last ? 1 : 0;
  std::erase_if(s.candidates, [&](const TokenCandidate& c) {
    return c.logit < last || (c.logit == last && equals-- <= 0);
  });
}

// The last-ranked of the fewest first-ranked candidates that hold `need` units, and what they hold.
// Candidates hold at least `need`.
struct NucleusEnd {
  TokenCandidate last;
  std::uint64_t units = 0;
};

NucleusEnd end_of_ranked(Candidates& c, std::uint64_t before, std::uint64_t need) {
  const auto ranks = [](const TokenCandidate& a, const TokenCandidate& b) { return a.before(b); };
  auto begin = c.begin(), end = c.end();
  while (end - begin > 1) {
    const auto middle = begin + (end - begin) / 2;
    std::nth_element(begin, middle, end, ranks);
    std::uint64_t half = before;
    for (auto i = begin; i < middle; ++i) half += i->units;
    if (half >= need) {
      end = middle;
    } else {
      before = half, begin = middle;
    }
  }
  return {*begin, before + begin->units};
}

// The bin in which the first-ranked tokens reach `need` units, and what lies in the bins before.
struct Crossing {
  std::int32_t bin = 0;
  std::uint64_t before = 0;
};

Crossing crossing_bin(std::uint64_t need, Scratch& s) {
  std::uint64_t units[kNucleusBins] = {};
  for (std::size_t i = 0; i < s.probabilities.size(); ++i) {
    units[s.bins[i]] += probability_units(s.probabilities[i]);
  }
  Crossing c;
  while (c.bin < kNucleusBins - 1 && c.before + units[c.bin] < need) c.before += units[c.bin++];
  return c;
}

INFERBENCH_TARGET bool any_in_bin(const std::int32_t* bins, std::int64_t size, std::int32_t bin) {
  std::int32_t found = 0;
  for (std::int64_t i = 0; i < size; ++i) found |= bins[i] == bin ? 1 : 0;
  return found != 0;
}

INFERBENCH_TARGET std::uint64_t units_before_bin(const float* p, const std::int32_t* bins,
                                                 std::int64_t size, std::int32_t bin) {
  std::uint64_t units = 0;
  for (std::int64_t i = 0; i < size; ++i) {
    units += probability_units(bins[i] < bin ? p[i] : 0.0F);
  }
  return units;
}

std::uint64_t part_of(double share, std::uint64_t units) {
  return std::min(units - 1, static_cast<std::uint64_t>(share * static_cast<double>(units)));
}

// The candidate, not ranked after `last`, in whose units `at` lies.
std::int32_t walk(const Candidates& candidates, const TokenCandidate& last, std::uint64_t at) {
  for (const TokenCandidate& c : candidates) {
    if (last.before(c)) continue;
    if (at < c.units) return c.index;
    at -= c.units;
  }
  return -1;
}

// The token in whose units `at` lies, of those that have any.
std::int32_t walk_all(const Scratch& s, std::uint64_t at) {
  std::size_t block = 0;
  while (at >= s.block_units[block]) at -= s.block_units[block++];
  auto i = block * static_cast<std::size_t>(kSamplingBlock);
  for (;; ++i) {
    const std::uint64_t units = probability_units(s.probabilities[i]);
    if (at < units) return static_cast<std::int32_t>(i);
    at -= units;
  }
}

// Of all tokens: a histogram by rank finds the bin in which `need` is reached, and only the tokens
// in it are ranked, those of them that have any probability. What is not kept loses its own.
std::int32_t sample_nucleus(const float* logits, double uniform, std::uint64_t need, Scratch& s) {
  const Crossing crossing = crossing_bin(need, s);
  s.candidates.clear();
  float* p = s.probabilities.data();
  const std::int32_t* bins = s.bins.data();
  for (std::int64_t b = 0, at = 0; at < s.vocabulary; ++b, at += kSamplingBlock) {
    const std::int64_t end = std::min(at + kSamplingBlock, s.vocabulary);
    s.block_units[static_cast<std::size_t>(b)] =
        units_before_bin(p + at, bins + at, end - at, crossing.bin);
    if (!any_in_bin(bins + at, end - at, crossing.bin)) continue;
    for (std::int64_t i = at; i < end; ++i) {
      const std::uint64_t units = probability_units(p[i]);
      if (bins[i] != crossing.bin || units == 0) continue;  // a NaN would not be ranked
      s.candidates.push_back(
          {.logit = logits[i], .index = static_cast<std::int32_t>(i), .units = units});
    }
  }
  const NucleusEnd nucleus = end_of_ranked(s.candidates, crossing.before, need);
  for (const TokenCandidate& c : s.candidates) {
    if (nucleus.last.before(c)) continue;
    s.block_units[static_cast<std::size_t>(c.index / kSamplingBlock)] += c.units;
  }
  std::uint64_t at = part_of(uniform, nucleus.units);
  std::int64_t i = 0;
  for (std::size_t b = 0; at >= s.block_units[b]; i += kSamplingBlock) at -= s.block_units[b++];
  for (;; ++i) {
    const TokenCandidate token{.logit = logits[i], .index = static_cast<std::int32_t>(i)};
    if (bins[i] > crossing.bin || (bins[i] == crossing.bin && nucleus.last.before(token))) continue;
    const std::uint64_t units = probability_units(p[i]);
    if (at < units) return token.index;
    at -= units;
  }
}

// Of the candidates, which hold `total` units.
std::int32_t sample_candidates(const SamplingRequest& r, std::uint64_t total, Scratch& s) {
  TokenCandidate last{.logit = kLowest, .index = std::numeric_limits<std::int32_t>::max()};
  if (r.top_p < 1) {
    s.crossing = s.candidates;
    const NucleusEnd nucleus = end_of_ranked(s.crossing, 0, nucleus_units(r.top_p, total));
    last = nucleus.last, total = nucleus.units;
  }
  return walk(s.candidates, last, part_of(r.uniform, total));
}

std::int32_t first_of_largest(const float* logits, float largest, const Scratch& s) {
  const auto block = std::find(s.maxima.begin(), s.maxima.end(), largest) - s.maxima.begin();
  std::int64_t i = block * kSamplingBlock;
  while (logits[i] != largest) ++i;
  return static_cast<std::int32_t>(i);
}

std::int32_t sample_row(const float* logits, const SamplingRequest& r, Scratch& s) {
  const float largest = find_maxima(logits, s);
  if (!std::isfinite(largest)) return -1;
  if (r.temperature == 0) return first_of_largest(logits, largest, s);
  const float inverse = 1.0F / r.temperature;
  if (r.top_k > 0 && r.top_k < s.vocabulary) {
    keep_top_k(logits, r.top_k, s);
    std::uint64_t total = 0;
    for (TokenCandidate& c : s.candidates) {
      c.units = probability_units(token_probability(c.logit, largest, inverse));
      total += c.units;
    }
    return sample_candidates(r, total, s);
  }
  const std::uint64_t total = weigh(logits, largest, inverse, s);
  if (r.top_p >= 1) return walk_all(s, part_of(r.uniform, total));
  return sample_nucleus(logits, r.uniform, nucleus_units(r.top_p, total), s);
}

}  // namespace
}  // namespace inferbench
