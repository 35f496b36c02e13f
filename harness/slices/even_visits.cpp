#include "harness/slices/even_visits.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace inferbench {
namespace {

std::int64_t rounded_to(double value, std::int64_t least, std::int64_t most) {
  return std::clamp(static_cast<std::int64_t>(std::llround(value)), least, most);
}

}  // namespace

void EvenVisits::expect(std::function<RankExperts(std::int32_t layer)> of_layer,
                        double all_tokens) {
  of_layer_ = std::move(of_layer);
  all_tokens_ = all_tokens;
}

// A token has as few choices here as its share of the rows asks for. Those of one token follow each
// other, so they differ.
ExpertVisitors::Visit EvenVisits::visit(std::int32_t layer) {
  const RankExperts expected = of_layer_(layer);
  const std::int64_t rows = rounded_to(expected.rows, 1, std::int64_t{1} << 40U);
  const std::int64_t distinct = rounded_to(expected.distinct, 1, std::min(rows, experts_.count));
  const double each = std::ceil(static_cast<double>(rows) / std::max(1.0, all_tokens_));
  const std::int64_t top_k = rounded_to(each, 1, std::min(distinct, experts_.router.top_k));
  const std::int64_t tokens = (rows + top_k - 1) / top_k;
  chosen_.resize(static_cast<std::size_t>(tokens * top_k));
  weights_.assign(chosen_.size(), 1.0F / static_cast<float>(experts_.router.top_k));
  for (std::size_t i = 0; i < chosen_.size(); ++i) {
    chosen_[i] =
        static_cast<std::int32_t>(experts_.first + static_cast<std::int64_t>(i) % distinct);
  }
  return {.tokens = tokens, .top_k = top_k, .chosen = chosen_, .weights = weights_};
}

}  // namespace inferbench
