#include "harness/cost/expert_skew.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <functional>
#include <numeric>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "kernels/shapes/expert_draw.hpp"
#include "kernels/shapes/moe.hpp"

namespace inferbench {
namespace {

// Which experts are popular and where they live is chance. The mean over this many draws, of one
// fixed seed, is what a fleet of such models sees.
constexpr int kDraws = 64;

// Visit probabilities of the experts: proportional to popularity, none above one (a token picks an
// expert at most once; what is cut off goes to the others), summing to top_k.
std::vector<double> visit_probabilities(const std::vector<double>& popularity, double top_k) {
  std::vector<double> visits(popularity.size(), 0.0);
  std::vector<bool> full(popularity.size(), false);
  double left = top_k;
  for (bool again = true; again;) {
    again = false;
    double open = 0;
    for (std::size_t i = 0; i < visits.size(); ++i) open += full[i] ? 0.0 : popularity[i];
    const double scale = open > 0 ? left / open : 0.0;
    for (std::size_t i = 0; i < visits.size(); ++i) {
      if (full[i]) continue;
      visits[i] = popularity[i] * scale;
      if (visits[i] > 1.0) {
        visits[i] = 1.0, full[i] = true, left -= 1.0, again = true;
      }
    }
  }
  return visits;
}

}  // namespace

ExpertSkew parse_expert_skew(const std::string& text, const std::string& place) {
  if (text == "balanced") return {};
  double exponent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !(exponent > 0 && exponent <= 4)) {
    throw Error(place, "expert skew \"" + text + "\"",
                "expected \"balanced\" or a power-law exponent above 0, up to 4",
                "0.6, 1.01 and 1.2 are what published kernel tables use");
  }
  return {exponent};
}

std::string label(const ExpertSkew& skew) {
  if (skew.balanced()) return "balanced";
  std::string text = std::to_string(skew.exponent);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

HottestRank::HottestRank(std::int64_t experts, std::int64_t top_k, std::int64_t ep,
                         const ExpertSkew& skew) {
  ensure(ep >= 1 && ep <= experts, "1 <= ep <= experts");
  ensure(top_k >= 1 && top_k <= experts, "1 <= top_k <= experts");
  const auto all = static_cast<std::size_t>(experts), ranks = static_cast<std::size_t>(ep);
  const std::size_t resident = (all + ranks - 1) / ranks;
  resident_ = static_cast<double>(resident);
  balanced_ = skew.balanced();
  const double picks = static_cast<double>(top_k);
  visit_ = picks / static_cast<double>(experts);
  share_ = resident_ / static_cast<double>(experts);
  if (balanced_ || ep == 1) {
    if (ep == 1) share_ = 1.0;
    if (balanced_) return;
  }
  RandomStream stream(0, "expert skew");
  visits_.assign(resident, 0.0);
  double hottest_rows = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<double> popularity(all);
    for (double& p : popularity) p = power_law(stream.uniform(), skew.exponent);
    const std::vector<double> visits = visit_probabilities(popularity, picks);
    std::vector<double> hottest;
    double most = -1;
    for (std::size_t first = 0; first < all; first += resident) {
      const std::size_t last = std::min(first + resident, all);
      std::vector<double> rank(visits.begin() + static_cast<std::ptrdiff_t>(first),
                               visits.begin() + static_cast<std::ptrdiff_t>(last));
      const double rows = std::accumulate(rank.begin(), rank.end(), 0.0);
      if (rows > most) most = rows, hottest = std::move(rank);
    }
    hottest_rows += most / kDraws;
    // By falling popularity, so that averaging over draws keeps the shape of the distribution.
    std::sort(hottest.begin(), hottest.end(), std::greater<>());
    for (std::size_t i = 0; i < hottest.size(); ++i) visits_[i] += hottest[i] / kDraws;
  }
  share_ = hottest_rows / picks;
}

double HottestRank::distinct_experts(double tokens) const {
  if (tokens <= 0) return 0;
  if (balanced_) return expected_distinct_experts(resident_, visit_ * resident_, tokens);
  double distinct = 0;
  for (const double visit : visits_) {
    distinct += visit >= 1.0 ? 1.0 : -std::expm1(tokens * std::log1p(-visit));
  }
  return distinct;
}

}  // namespace inferbench
