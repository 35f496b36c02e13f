#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "harness/cost/expert_routing.hpp"
#include "harness/cost/ops_formulation.hpp"
#include "harness/cost/token_table.hpp"

namespace inferbench {

// The experts of a step under drawn routing: each MoE layer has its own draw, and in each the ranks
// wait for the slowest, so that a step pays the mean over its layers of the hottest rank's time.
//
// What a layer draws is a function of (seed, layer, tokens and pairs of the step) alone: equal
// batches take equal time, whatever ran before, on any number of threads and replicas, and a run of
// decode steps is priced as if step by step. Layer l has the popular experts of class
// l mod ExpertDraws::kClasses throughout.
class RoutedExperts {
 public:
  struct Step {
    double tokens = 0, squares = 0;  // of all EP ranks together, before CP splits them
    double pairs = 0;                // query-key pairs of the slowest rank: what tells steps apart
  };

  // The formulation must outlive this and have experts and parameters().routing.
  explicit RoutedExperts(const OpsFormulation& formulation);

  PartTimes layer(const Step& step) const;       // mean over the model's MoE layers
  void layer(const Step& step, Ops& ops) const;  // the same, op by op

 private:
  static constexpr std::size_t kCourses = ExpertDraws::kClasses * ExpertDraws::kDraws;
  // Of the slower of the two hot ranks, per course: all that experts take time for.
  struct Times {
    std::array<double, kCourses> moe{}, elementwise{};
  };

  // How many of the layers took each course.
  std::array<std::uint32_t, kCourses> picks(const Step& step) const;
  void slower_rank(std::size_t course, double tokens, double squares, Ops& ops) const;
  Times times_of(double tokens, double squares) const;

  const OpsFormulation& formulation_;
  ExpertDraws draws_;
  RandomStream stream_;
  std::int64_t layers_;
  double cp_;
  TokenTable<Times> table_;  // of steps whose tokens choose independently
};

}  // namespace inferbench
