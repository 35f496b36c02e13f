#include "kernels/quant/sparse24.hpp"

#include <algorithm>
#include <cmath>

#include "harness/base/error.hpp"

namespace inferbench {
namespace {

struct Kept {
  unsigned first = 0, second = 1;  // positions, ascending
};

Kept two_largest(std::span<const float> group) {
  const auto magnitude = [&](unsigned i) { return i < group.size() ? std::abs(group[i]) : -1.0F; };
  unsigned best = 0;
  for (unsigned i = 1; i < 4; ++i) {
    if (magnitude(i) > magnitude(best)) best = i;
  }
  unsigned next = best == 0 ? 1 : 0;
  for (unsigned i = 0; i < 4; ++i) {
    if (i != best && magnitude(i) > magnitude(next)) next = i;
  }
  return {.first = std::min(best, next), .second = std::max(best, next)};
}

}  // namespace

Sparse24 prune24(std::span<const float> matrix, std::int64_t k) {
  const auto width = static_cast<std::size_t>(k);
  ensure(k > 0 && matrix.size() % width == 0, "a matrix has whole rows");
  Sparse24 s;
  s.k = k, s.rows = static_cast<std::int64_t>(matrix.size() / width);
  for (std::size_t row = 0; row < matrix.size(); row += width) {
    for (std::size_t at = 0; at < width; at += 4) {
      const auto group = matrix.subspan(row + at, std::min<std::size_t>(4, width - at));
      const Kept kept = two_largest(group);
      s.values.push_back(group[kept.first]);
      s.values.push_back(kept.second < group.size() ? group[kept.second] : 0.0F);
      s.index.push_back(static_cast<std::uint8_t>(kept.first | kept.second << 2U));
    }
  }
  return s;
}

std::vector<float> expand(const Sparse24& s) {
  std::vector<float> out(static_cast<std::size_t>(s.rows * s.k), 0.0F);
  const auto groups = static_cast<std::size_t>(s.groups()), width = static_cast<std::size_t>(s.k);
  for (std::size_t g = 0; g < s.index.size(); ++g) {
    const std::size_t row = g / groups, at = g % groups * 4;
    const std::size_t first = at + (s.index[g] & 3U), second = at + (s.index[g] >> 2U & 3U);
    out[row * width + first] = s.values[2 * g];
    if (second < width) out[row * width + second] = s.values[2 * g + 1];
  }
  return out;
}

}  // namespace inferbench
