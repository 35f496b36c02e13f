#include "harness/cost/expert_routing.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "harness/plan/option_terms.hpp"
#include "kernels/shapes/expert_draw.hpp"

namespace inferbench {
namespace {

constexpr double kCounted = 4096, kPointsPerDoubling = 16;

// 1, 2, 3, ... and from 16 on 16 points per doubling.
std::vector<double> counting_points() {
  std::vector<double> points;
  for (double i = 0;; ++i) {
    const double at = std::ceil(std::exp2(i / kPointsPerDoubling));
    if (points.empty() || at > points.back()) points.push_back(at);
    if (at >= kCounted) return points;
  }
}

RankExperts between(const RankExperts& a, const RankExperts& b, double t) {
  return {a.rows + t * (b.rows - a.rows), a.distinct + t * (b.distinct - a.distinct)};
}

}  // namespace

ExpertRouting parse_expert_routing(const std::string& text, const std::string& place) {
  ExpertRouting routing;
  const auto after = [](const std::string& term) { return term.substr(term.find(':') + 1); };
  for (const auto& [key, value] : parse_terms(text, place)) {
    if (key == "seed") {
      routing.seed =
          static_cast<std::uint64_t>(parse_count(value, place + " seed", 0, std::int64_t{1} << 53));
    } else if (key.starts_with("power:") && value.empty()) {
      routing.exponent = parse_real(after(key), place + " power", 0.01, 4);
    } else if (key.starts_with("correlated:") && value.empty()) {
      routing.correlation = parse_real(after(key), place + " correlated", 0, 1);
    } else if (key != "balanced" || !value.empty()) {
      throw unknown_name(place, "routing", key,
                         {"balanced", "power:1.2", "correlated:0.3", "seed"});
    }
  }
  return routing;
}

std::string label(const ExpertRouting& routing) {
  std::string text = routing.exponent > 0 ? "power:" + shortest(routing.exponent) : "balanced";
  if (routing.correlation > 0) text += ",correlated:" + shortest(routing.correlation);
  if (routing.seed > 0) text += ",seed=" + std::to_string(routing.seed);
  return text;
}

ExpertDraws::ExpertDraws(std::int64_t experts, std::int64_t top_k, std::int64_t ep,
                         const ExpertRouting& routing)
    : experts_(static_cast<std::size_t>(experts)),
      top_k_(static_cast<std::size_t>(top_k)),
      resident_(static_cast<std::size_t>((experts + ep - 1) / ep)),
      correlation_(routing.correlation),
      points_(counting_points()),
      courses_(kClasses * kDraws),
      shares_(kClasses) {
  ensure(ep >= 1 && ep <= experts, "1 <= ep <= experts");
  ensure(top_k >= 1 && top_k <= experts, "1 <= top_k <= experts");
  const RandomStream streams(routing.seed, "expert draws");
  for (std::size_t c = 0; c < kClasses; ++c) {
    const std::vector<double> popularity =
        expert_popularity(experts_, routing.exponent, streams.at(c));
    std::vector<std::vector<double>> rows;
    for (std::size_t draw = 0; draw < kDraws; ++draw) {
      Course& course = courses_[c * kDraws + draw];
      rows.push_back(run(popularity, streams.at(kClasses + c).at(draw), course));
    }
    // What a rank gets on average: of the class's courses, as sampling without replacement has no
    // closed form.
    std::vector<double>& share = shares_[c];
    share.assign(rows.front().size(), 0.0);
    const double all = points_.back() * static_cast<double>(top_k_) * static_cast<double>(kDraws);
    for (const auto& course : rows) {
      for (std::size_t r = 0; r < share.size(); ++r) share[r] += course[r] / all;
    }
    for (std::size_t draw = 0; draw < kDraws; ++draw) courses_[c * kDraws + draw].rows = rows[draw];
  }
}

// Fills the course's points and returns the rows of each rank at the last one.
std::vector<double> ExpertDraws::run(const std::vector<double>& popularity, RandomStream stream,
                                     Course& course) const {
  ExpertPicks picks(popularity, stream);
  const std::size_t ranks = (experts_ + resident_ - 1) / resident_;
  std::vector<double> rows(ranks, 0.0), distinct(ranks, 0.0);
  std::vector<bool> touched(experts_, false);
  double tokens = 0;
  for (const double point : points_) {
    for (; tokens < point; ++tokens) {
      picks.next_token();
      for (std::size_t k = 0; k < top_k_; ++k) {
        const std::size_t expert = picks.pick();
        const std::size_t rank = expert / resident_;
        rows[rank] += 1;
        if (!touched[expert]) touched[expert] = true, distinct[rank] += 1;
      }
    }
    course.points.push_back(hottest(rows, distinct));
  }
  course.distinct = distinct;
  return rows;
}

HotRanks ExpertDraws::hottest(const std::vector<double>& rows,
                              const std::vector<double>& distinct) {
  std::size_t by_rows = 0, by_distinct = 0;
  for (std::size_t r = 1; r < rows.size(); ++r) {
    if (std::pair(rows[r], distinct[r]) > std::pair(rows[by_rows], distinct[by_rows])) by_rows = r;
    if (std::pair(distinct[r], rows[r]) > std::pair(distinct[by_distinct], rows[by_distinct])) {
      by_distinct = r;
    }
  }
  return {{rows[by_rows], distinct[by_rows]}, {rows[by_distinct], distinct[by_distinct]}};
}

HotRanks ExpertDraws::independent(std::size_t popularity_class, std::size_t draw,
                                  double tokens) const {
  const Course& course = courses_[popularity_class * kDraws + draw];
  if (tokens <= points_.back()) {
    const auto above = std::lower_bound(points_.begin(), points_.end(), tokens);
    const auto i = static_cast<std::size_t>(above - points_.begin());
    const HotRanks none;
    const HotRanks& low = i > 0 ? course.points[i - 1] : none;
    const double from = i > 0 ? points_[i - 1] : 0.0;
    const double t = (tokens - from) / (points_[i] - from);
    return {between(low.by_rows, course.points[i].by_rows, t),
            between(low.by_distinct, course.points[i].by_distinct, t)};
  }
  const std::vector<double>& share = shares_[popularity_class];
  const double counted = points_.back(), copies = static_cast<double>(top_k_);
  const double shrink = std::sqrt(tokens / counted);
  std::vector<double> rows;
  for (std::size_t r = 0; r < share.size(); ++r) {
    const double excess = course.rows[r] - share[r] * counted * copies;
    rows.push_back(share[r] * tokens * copies + excess * shrink);
  }
  return hottest(rows, course.distinct);
}

HotRanks ExpertDraws::hot(std::size_t popularity_class, std::size_t draw, double tokens,
                          double squares) const {
  ensure(popularity_class < kClasses && draw < kDraws, "a class and a draw that exist");
  if (tokens <= 0) return {};
  const double effect = 1.0 + correlation_ * std::max(0.0, squares / tokens - 1.0);
  HotRanks hot = independent(popularity_class, draw, std::max(1.0, tokens / effect));
  const double scale = tokens / std::max(1.0, tokens / effect);
  hot.by_rows.rows *= scale, hot.by_distinct.rows *= scale;
  return hot;
}

}  // namespace inferbench
