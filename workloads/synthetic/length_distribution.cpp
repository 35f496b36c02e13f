#include "workloads/synthetic/length_distribution.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"
#include "workloads/synthetic/weighted_index.hpp"

namespace inferbench {
namespace {

std::string number_text(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

class Fixed final : public LengthDistribution {
 public:
  explicit Fixed(std::int64_t tokens) : tokens_(tokens) {}
  std::int64_t sample(RandomStream&) const override { return tokens_; }
  double mean() const override { return static_cast<double>(tokens_); }
  std::string text() const override { return "fixed(" + std::to_string(tokens_) + ")"; }

 private:
  std::int64_t tokens_;
};

class Uniform final : public LengthDistribution {
 public:
  Uniform(std::int64_t min, std::int64_t max) : min_(min), max_(max) {}
  std::int64_t sample(RandomStream& random) const override { return random.between(min_, max_); }
  double mean() const override { return 0.5 * static_cast<double>(min_ + max_); }
  std::string text() const override {
    return "uniform(" + std::to_string(min_) + "," + std::to_string(max_) + ")";
  }

 private:
  std::int64_t min_, max_;
};

double normal_cdf(double z) {
  return 0.5 * std::erfc(-z / std::sqrt(2.0));
}

// A normal variable, possibly of the logarithm, rounded and redrawn outside [min, max].
class Truncated final : public LengthDistribution {
 public:
  Truncated(bool logarithmic, double mean, double stddev, std::int64_t min, std::int64_t max)
      : logarithmic_(logarithmic), mean_(mean), stddev_(stddev), min_(min), max_(max) {
    const double inside = probability_inside();
    if (inside < 1e-3) {
      throw Error(text(),
                  "hardly any draw falls inside " + std::to_string(min) + " to " +
                      std::to_string(max) + " tokens",
                  "at least 1 in 1,000 must", "widen the bounds or move the mean");
    }
  }

  std::int64_t sample(RandomStream& random) const override {
    for (;;) {
      const double x = random.normal(mean_, stddev_);
      const double value = std::round(logarithmic_ ? std::exp(x) : x);
      if (value >= static_cast<double>(min_) && value <= static_cast<double>(max_)) {
        return static_cast<std::int64_t>(value);
      }
    }
  }

  // Of the truncated variable, before rounding.
  double mean() const override {
    if (stddev_ == 0) return logarithmic_ ? std::exp(mean_) : mean_;
    const double low = lower(), high = upper();
    const double inside = normal_cdf(high) - normal_cdf(low);
    if (logarithmic_) {
      return std::exp(mean_ + 0.5 * stddev_ * stddev_) *
             (normal_cdf(high - stddev_) - normal_cdf(low - stddev_)) / inside;
    }
    const auto density = [](double z) { return 0.3989422804014327 * std::exp(-0.5 * z * z); };
    return mean_ + stddev_ * (density(low) - density(high)) / inside;
  }

  std::string text() const override {
    const std::string bounds = "," + std::to_string(min_) + "," + std::to_string(max_) + ")";
    return (logarithmic_ ? "lognormal(" + number_text(std::exp(mean_))
                         : "normal(" + number_text(mean_)) +
           "," + number_text(stddev_) + bounds;
  }

 private:
  // Bounds in standard deviations; rounding reaches half a token beyond them.
  double lower() const { return standard(static_cast<double>(min_) - 0.5); }
  double upper() const { return standard(static_cast<double>(max_) + 0.5); }
  double standard(double tokens) const {
    return ((logarithmic_ ? std::log(tokens) : tokens) - mean_) / stddev_;
  }
  double probability_inside() const {
    if (stddev_ == 0) {
      const double value = std::round(logarithmic_ ? std::exp(mean_) : mean_);
      return value >= static_cast<double>(min_) && value <= static_cast<double>(max_) ? 1.0 : 0.0;
    }
    return normal_cdf(upper()) - normal_cdf(lower());
  }

  bool logarithmic_;
  double mean_, stddev_;
  std::int64_t min_, max_;
};

class Mixture final : public LengthDistribution {
 public:
  explicit Mixture(std::vector<std::pair<double, Lengths>> parts) : parts_(std::move(parts)) {
    for (const auto& [weight, part] : parts_) index_.add(weight);
  }
  std::int64_t sample(RandomStream& random) const override {
    return parts_[index_.sample(random)].second->sample(random);
  }
  double mean() const override {
    double sum = 0;
    for (const auto& [weight, part] : parts_) sum += weight * part->mean();
    return sum / index_.total();
  }
  std::string text() const override {
    std::string text = "mix(";
    for (const auto& [weight, part] : parts_) {
      text += (text.size() > 4 ? "+" : "") + number_text(weight) + "*" + part->text();
    }
    return text + ")";
  }

 private:
  std::vector<std::pair<double, Lengths>> parts_;
  WeightedIndex index_;
};

class Empirical final : public LengthDistribution {
 public:
  Empirical(std::string name, LengthCounts counts)
      : name_(std::move(name)), counts_(std::move(counts)) {
    for (const auto& [value, count] : counts_) index_.add(static_cast<double>(count));
  }
  std::int64_t sample(RandomStream& random) const override {
    return counts_[index_.sample(random)].first;
  }
  double mean() const override {
    double sum = 0;
    for (const auto& [value, count] : counts_) {
      sum += static_cast<double>(value) * static_cast<double>(count);
    }
    return sum / index_.total();
  }
  std::string text() const override { return "empirical(" + name_ + ")"; }

 private:
  std::string name_;
  LengthCounts counts_;
  WeightedIndex index_;
};

}  // namespace

Lengths fixed_length(std::int64_t tokens) {
  return std::make_shared<Fixed>(tokens);
}

Lengths uniform_length(std::int64_t min, std::int64_t max) {
  return std::make_shared<Uniform>(min, max);
}

Lengths normal_length(double mean, double stddev, std::int64_t min, std::int64_t max) {
  return std::make_shared<Truncated>(false, mean, stddev, min, max);
}

Lengths lognormal_length(double p50, double sigma, std::int64_t min, std::int64_t max) {
  return std::make_shared<Truncated>(true, std::log(p50), sigma, min, max);
}

Lengths mixture_length(std::vector<std::pair<double, Lengths>> parts) {
  return std::make_shared<Mixture>(std::move(parts));
}

Lengths empirical_length(std::string name, LengthCounts counts) {
  return std::make_shared<Empirical>(std::move(name), std::move(counts));
}

}  // namespace inferbench
