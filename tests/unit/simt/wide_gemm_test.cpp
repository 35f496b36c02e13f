#include <gtest/gtest.h>

#include <random>

#include "kernels/cpu/convert.hpp"
#include "kernels/cuda/gemm/wide.cuh"

namespace inferbench {
namespace {

struct Case {
  std::int64_t m, n, k;
  int multiprocessors;
  bool bf16_out, scales;
};

template <WideType kType>
struct Element;
template <>
struct Element<WideType::bf16> {
  using Type = std::uint16_t;
  static Type of(int value) { return float_to_bf16(static_cast<float>(value)); }
};
template <>
struct Element<WideType::int8> {
  using Type = std::int8_t;
  static Type of(int value) { return static_cast<Type>(value); }
};
template <>
struct Element<WideType::e4m3> {
  using Type = std::uint8_t;
  static Type of(int value) { return float_to_e4m3(static_cast<float>(value)); }
};

// Whole numbers that every type holds, so that the sums are exact.
std::vector<int> draw(std::int64_t count, std::mt19937& random) {
  std::uniform_int_distribution<int> whole(-7, 7);
  std::vector<int> values(static_cast<std::size_t>(count));
  for (int& v : values) v = whole(random);
  return values;
}

template <WideType kType>
simt::TensorMap map(const std::vector<typename Element<kType>::Type>& matrix, std::int64_t rows,
                    std::int64_t k) {
  const int bytes = sizeof(typename Element<kType>::Type);
  return {.base = reinterpret_cast<const std::byte*>(matrix.data()),
          .rows = rows,
          .row_bytes = k * bytes,
          .pitch = k * bytes,
          .element_bytes = bytes,
          .tile_rows = kWideRows};
}

template <WideType kType>
void check(const Case& c, simt::TurnOrder order) {
  std::mt19937 random(7);
  const std::vector<int> in = draw(c.m * c.k, random), weights = draw(c.n * c.k, random);
  std::vector<typename Element<kType>::Type> a, b;
  for (const int v : in) a.push_back(Element<kType>::of(v));
  for (const int v : weights) b.push_back(Element<kType>::of(v));
  std::vector<float> row_scale, column_scale;
  for (std::int64_t i = 0; i < c.m; ++i) row_scale.push_back(static_cast<float>(1 + i % 3));
  for (std::int64_t i = 0; i < c.n; ++i) column_scale.push_back(static_cast<float>(1 + i % 5));

  const WidePlan plan = wide_plan(c.m, c.n, c.multiprocessors);
  ASSERT_GE(plan.shared_bytes, sizeof(simt::WideShared));
  std::vector<float> out(static_cast<std::size_t>(c.m * c.n), NAN);
  std::vector<std::uint16_t> out_bf16(out.size(), 0x7fff);
  simt::WideCall call;
  call.in = map<kType>(a, c.m, c.k);
  call.weights = map<kType>(b, c.n, c.k);
  call.sizes = {.m = c.m, .n = c.n, .k = c.k, .scale = 0.5F, .out = out.data()};
  if (c.scales) {
    call.sizes.row_scale = row_scale.data();
    call.sizes.column_scale = column_scale.data();
  }
  if (c.bf16_out) call.sizes.out_bf16 = out_bf16.data();
  call.row_pairs = plan.row_pairs;
  call.columns = plan.columns;
  simt::emulate({.grid = {.x = plan.blocks},
                 .block = {.x = 384},
                 .shared_bytes = sizeof(simt::WideShared),
                 .cluster = kWideCluster,
                 .order = order},
                [&] { simt::wide_gemm<kType>(call); });

  for (std::int64_t i = 0; i < c.m; ++i) {
    for (std::int64_t j = 0; j < c.n; ++j) {
      int sum = 0;
      for (std::int64_t k = 0; k < c.k; ++k) {
        sum += in[static_cast<std::size_t>(i * c.k + k)] *
               weights[static_cast<std::size_t>(j * c.k + k)];
      }
      float expected = static_cast<float>(sum) * 0.5F;
      const auto at = static_cast<std::size_t>(i * c.n + j);
      if (c.scales) {
        expected *=
            row_scale[static_cast<std::size_t>(i)] * column_scale[static_cast<std::size_t>(j)];
      }
      if (c.bf16_out) {
        ASSERT_EQ(out_bf16[at], float_to_bf16(expected)) << i << ", " << j;
      } else {
        ASSERT_EQ(out[at], expected) << i << ", " << j;
      }
    }
  }
}

TEST(WideGemm, OfBf16IsTheProduct) {
  // One tile that is not full; all stages used more than once.
  check<WideType::bf16>({70, 90, 6 * 64 + 8, 2, false, false}, simt::TurnOrder::forward);
  // Three pairs of rows and two columns for two clusters, rows and columns beyond both.
  check<WideType::bf16>({530, 300, 128, 4, true, true}, simt::TurnOrder::shuffled);
}

TEST(WideGemm, OfInt8IsTheProduct) {
  check<WideType::int8>({200, 257, 5 * 128 + 16, 2, false, true}, simt::TurnOrder::backward);
}

TEST(WideGemm, OfE4m3IsTheProduct) {
  check<WideType::e4m3>({130, 40, 256, 2, true, false}, simt::TurnOrder::shuffled);
}

TEST(WideTile, EveryTileOnceEightPairsOfRowsAtATime) {
  std::vector<int> seen(11 * 5);
  for (std::int64_t i = 0; i < 55; ++i) {
    const WideTile tile = wide_tile(i, 11, 5);
    ++seen[static_cast<std::size_t>(tile.row_pair * 5 + tile.column)];
  }
  EXPECT_EQ(seen, std::vector<int>(55, 1));
  EXPECT_EQ(wide_tile(7, 11, 5).row_pair, 7);
  EXPECT_EQ(wide_tile(8, 11, 5).column, 1);
  EXPECT_EQ(wide_tile(40, 11, 5).row_pair, 8);  // the second group has three
  EXPECT_EQ(wide_tile(43, 11, 5).column, 1);
}

}  // namespace
}  // namespace inferbench
