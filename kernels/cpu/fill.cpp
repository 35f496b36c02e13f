#include "kernels/cpu/fill.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/random.hpp"

namespace inferbench {
namespace {

// Irwin-Hall: the sum of four uniform 16 bit numbers of one draw, scaled to variance 1. Tails end
// at 3.46, and a matrix of 60 million elements is filled in a fraction of a second.
float near_normal(std::uint64_t bits) {
  const std::uint64_t sum =
      (bits & 0xFFFFU) + ((bits >> 16U) & 0xFFFFU) + ((bits >> 32U) & 0xFFFFU) + (bits >> 48U);
  constexpr double kMean = 2.0 * 65535.0;
  constexpr double kScale = 1.0 / 37836.9;  // 65536 / sqrt(3)
  return static_cast<float>((static_cast<double>(sum) - kMean) * kScale);
}

constexpr std::int64_t kOutlierEvery = 64;
constexpr float kOutlierFactor = 20.0F;

}  // namespace

bool is_outlier_column(std::int64_t column) {
  return column % kOutlierEvery == kOutlierEvery / 2;
}

void fill_matrix(std::span<float> matrix, std::int64_t columns, Fill fill, double stddev,
                 std::uint64_t seed, const char* stream) {
  RandomStream random = Random(seed).stream(stream);
  const float scale = static_cast<float>(stddev);
  std::int64_t column = 0;
  for (float& x : matrix) {
    const std::uint64_t bits = random.bits();
    if (fill == Fill::extreme) {
      // Exponents -44 .. 15: from the smallest denormal to where products still fit fp32.
      const double exponent = static_cast<double>(bits % 60U) - 44.0;
      const double mantissa = 1.0 + static_cast<double>((bits >> 32U) & 0xFFFFU) / 65536.0;
      x = static_cast<float>(((bits >> 60U) & 1U ? -1.0 : 1.0) * mantissa * std::pow(10, exponent));
    } else {
      x = near_normal(bits) * scale;
      if (fill == Fill::outliers && is_outlier_column(column)) x *= kOutlierFactor;
    }
    if (++column == columns) column = 0;
  }
}

std::vector<std::size_t> spread_indices(std::size_t n, std::size_t most, std::uint64_t seed) {
  std::vector<std::size_t> index;
  if (n <= most) {
    index.resize(n);
    for (std::size_t i = 0; i < n; ++i) index[i] = i;
    return index;
  }
  RandomStream random = Random(seed).stream("oracle");
  index = {0, n - 1};
  while (index.size() < std::max<std::size_t>(most, 2)) index.push_back(random.below(n));
  std::sort(index.begin(), index.end());
  index.erase(std::unique(index.begin(), index.end()), index.end());
  return index;
}

}  // namespace inferbench
