#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace inferbench {

// How unevenly tokens choose experts. An exponent of 0 is balanced; otherwise expert popularity
// follows a power law. 0.6, 1.01 and 1.2 are the exponents that NVIDIA's aiconfigurator measures.
struct ExpertSkew {
  double exponent = 0;

  bool balanced() const { return exponent == 0; }
};

// "balanced", or a power-law exponent > 0: "0.6", "1.01", "1.2". Throws Error{place}.
ExpertSkew parse_expert_skew(const std::string& text, const std::string& place);
std::string label(const ExpertSkew& skew);

// What the hottest EP rank holds: it is the rank that the others wait for.
class HottestRank {
 public:
  // Throws std::logic_error unless 1 <= ep <= experts and 1 <= top_k <= experts.
  HottestRank(std::int64_t experts, std::int64_t top_k, std::int64_t ep, const ExpertSkew& skew);

  // Experts on the fullest rank: ceil(experts / ep).
  double experts() const { return resident_; }
  // Share of all routed rows that this rank computes; 1/ep when balanced and even.
  double share() const { return share_; }
  // Expected distinct experts of this rank that `tokens` tokens (of all ranks together) visit.
  double distinct_experts(double tokens) const;

 private:
  double resident_ = 0, share_ = 0;
  bool balanced_ = true;
  double visit_ = 0;            // balanced: probability that a token visits a given expert
  std::vector<double> visits_;  // skewed: that probability for each expert of this rank
};

}  // namespace inferbench
