#pragma once

#include <functional>
#include <vector>

#include "harness/cost/expert_routing.hpp"
#include "harness/execute/transformer/decoder_shape.hpp"
#include "harness/execute/transformer/expert_visitors.hpp"

namespace inferbench {

// As many rows as a rank is said to compute in a layer, spread evenly over as many of its experts
// as are said to have any: what the cost model times.
class EvenVisits final : public ExpertVisitors {
 public:
  // `experts`: of the rank's shape.
  explicit EvenVisits(const DecoderExperts& experts) : experts_(experts) {}

  // From now on: what each layer of the model has, and how many tokens all EP ranks have together.
  void expect(std::function<RankExperts(std::int32_t layer)> of_layer, double all_tokens);

  Visit visit(std::int32_t layer) override;

 private:
  DecoderExperts experts_;
  std::function<RankExperts(std::int32_t)> of_layer_;
  double all_tokens_ = 0;
  std::vector<std::int32_t> chosen_;
  std::vector<float> weights_;
};

}  // namespace inferbench
