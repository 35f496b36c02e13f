#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/random.hpp"

namespace inferbench {

// How tokens choose experts in a replay, drawn per step instead of by expected values.
//
//   balanced          every expert alike; chance alone makes ranks uneven
//   power:A           expert popularity of a power law with exponent A (expert_draw.hpp)
//   correlated:R      the tokens of one request in a step agree: R is the correlation of their
//                     choices. With power: "power:1.2,correlated:0.3"
struct ExpertRouting {
  double exponent = 0;     // of popularity; 0: all alike
  double correlation = 0;  // 0 to 1
  std::uint64_t seed = 0;
};

// "balanced", "power:1.2", "correlated:0.3", "power:1.2,correlated:0.3", each with ",seed=7".
// Throws Error{place}.
ExpertRouting parse_expert_routing(const std::string& text, const std::string& place);
std::string label(const ExpertRouting& routing);  // reads back

// What one EP rank computes in one MoE layer of one step.
struct RankExperts {
  double rows = 0;      // token copies
  double distinct = 0;  // of its experts, how many have any
};

// The ranks that the others may have to wait for: one has the most rows, one the most experts to
// read. They are often the same.
struct HotRanks {
  RankExperts by_rows, by_distinct;
};

// Token counts per expert, drawn token by token: each token picks top_k different experts one
// after the other, in proportion to popularity (successive sampling, which is what adding Gumbel
// noise to a router's logits and taking the top k gives). Layers differ in which experts are
// popular; kClasses of them are drawn, and of each kDraws independent courses of tokens.
//
// hot(class, draw, tokens) is what the first `tokens` tokens of that course put on the hottest
// rank. Counted exactly up to 4,096 tokens at 16 points per doubling and interpolated between;
// beyond, the course's last deviation from its class's mean shrinks as 1/sqrt(tokens).
//
// Tokens of one request that agree carry less independent choice: T tokens of which n_i belong to
// request i count as T / (1 + R (sum n_i^2 / T - 1)) (Kish's design effect), and their counts are
// scaled up to T. A decode step has one token per request, so that nothing changes.
//
// Source of popularity: NVIDIA's aiconfigurator collectors; of the design effect: Kish, "Survey
// Sampling", 1965, section 5.4.
class ExpertDraws {
 public:
  static constexpr std::size_t kClasses = 8, kDraws = 4;

  // Throws std::logic_error unless 1 <= ep <= experts and 1 <= top_k <= experts.
  ExpertDraws(std::int64_t experts, std::int64_t top_k, std::int64_t ep,
              const ExpertRouting& routing);

  // `squares`: the sum over requests of their tokens squared; equal to `tokens` for decodes.
  HotRanks hot(std::size_t popularity_class, std::size_t draw, double tokens, double squares) const;

  double correlation() const { return correlation_; }

 private:
  struct Course {
    std::vector<HotRanks> points;        // what is hot after as many tokens
    std::vector<double> rows, distinct;  // of each rank at the last point
  };
  std::vector<double> run(const std::vector<double>& popularity, RandomStream stream,
                          Course& course) const;
  static HotRanks hottest(const std::vector<double>& rows, const std::vector<double>& distinct);
  HotRanks independent(std::size_t popularity_class, std::size_t draw, double tokens) const;

  std::size_t experts_, top_k_, resident_;
  double correlation_ = 0;
  std::vector<double> points_;               // token counts, ascending
  std::vector<Course> courses_;              // kClasses x kDraws
  std::vector<std::vector<double>> shares_;  // by class: each rank's mean share of all rows
};

}  // namespace inferbench
