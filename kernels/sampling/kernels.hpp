#pragma once

#include <cstdint>
#include <vector>

#include "kernels/sampling/sampling.hpp"

namespace inferbench {

// A token that may be sampled.
struct TokenCandidate {
  float logit = 0;
  std::int32_t index = 0;
  std::uint64_t units = 0;  // of probability

  // Ranks before `o`.
  bool before(const TokenCandidate& o) const {
    return logit > o.logit || (logit == o.logit && index < o.index);
  }
};

inline constexpr std::int64_t kSamplingBlock = 64;
inline constexpr std::int32_t kNucleusBins = 1024;

// Units that `top_p` of `total` asks for: at least one.
std::uint64_t nucleus_units(double top_p, std::uint64_t total);

struct Sampler::Scratch {
  explicit Scratch(std::int64_t vocabulary);

  std::int64_t vocabulary = 0;
  std::vector<float> maxima;         // of each block
  std::vector<float> ranked;         // for selections
  std::vector<float> probabilities;  // of each token
  std::vector<std::int32_t> bins;    // of each token, by rank
  std::vector<std::uint64_t> block_units;
  std::vector<TokenCandidate> candidates, crossing;
};

// One row. Each file compiles the same body for one instruction set.
struct SamplingKernels {
  using Kernel = Sampler::Kernel;
  using Scratch = Sampler::Scratch;
  static Kernel portable();
  static Kernel avx2();
  static Kernel avx512();
};

}  // namespace inferbench
