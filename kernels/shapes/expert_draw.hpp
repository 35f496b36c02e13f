#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/base/random.hpp"

namespace inferbench {

// How tokens choose experts when nothing else is known: drawn alike by the cost model's routing and
// by the inputs of MoE kernels.

// The popularity that a uniform draw from [0, 1) stands for: the inverse of the cumulative power
// law of density ~ x^-exponent between 1 and 6,554, the range that NVIDIA's aiconfigurator
// collectors use at about 8,192 tokens.
double power_law(double uniform, double exponent);

// Popularity of each expert: all alike for an exponent of 0, otherwise drawn from power_law.
std::vector<double> expert_popularity(std::size_t experts, double exponent, RandomStream stream);

// Router logits [tokens, experts] whose top k are experts drawn in proportion to popularity, one
// after the other without replacement: log(popularity) plus Gumbel noise.
//
// Source: Kool et al., "Stochastic Beams and Where to Find Them", arXiv 1903.06059 (the Gumbel
// top-k trick).
std::vector<float> router_logits(const std::vector<double>& popularity, std::size_t tokens,
                                 RandomStream stream);

// The experts of one token after another, each drawn in proportion to popularity among those that
// the token has not picked yet (successive sampling, which is what adding Gumbel noise to a
// router's logits and taking the top k gives). At most as many picks per token as there are experts
// of positive popularity.
class ExpertPicks {
 public:
  // `popularity` must outlive this.
  ExpertPicks(const std::vector<double>& popularity, RandomStream stream);

  void next_token() { ++token_; }
  std::size_t pick();

 private:
  std::size_t take(std::size_t expert) {
    picked_[expert] = token_;
    return expert;
  }

  const std::vector<double>& popularity_;
  RandomStream stream_;
  std::vector<double> cumulative_;
  double sum_ = 0;
  std::vector<std::uint64_t> picked_;  // the token that picked it last, counted from 1
  std::uint64_t token_ = 0;
};

}  // namespace inferbench
