#include <gtest/gtest.h>

#include <random>

#include "kernels/cpu/convert.hpp"
#include "kernels/cuda/gemm/skinny.cuh"
#include "kernels/cuda/gemm/skinny_packing.hpp"

namespace inferbench {
namespace {

using simt::SkinnyCall;

struct Case {
  std::int64_t m, n, k;
  int multiprocessors = 1;
};

std::vector<float> draw(std::size_t count, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& v : values) v = bf16_to_float(float_to_bf16(normal(random)));
  return values;
}

std::vector<std::uint16_t> bf16(const std::vector<float>& values) {
  std::vector<std::uint16_t> bits(values.size());
  std::transform(values.begin(), values.end(), bits.begin(), float_to_bf16);
  return bits;
}

// Copies of 16 bytes must be aligned; so is what GPUs allocate.
template <class T>
struct Aligned {
  explicit Aligned(const std::vector<T>& from)
      : bytes((from.size() * sizeof(T) + 15) / 16 * 16), words(bytes / 16 + 1) {
    std::memcpy(words.data(), from.data(), from.size() * sizeof(T));
  }
  const T* data() const { return reinterpret_cast<const T*>(words.data()); }
  std::size_t bytes;
  std::vector<simt::Words4> words;
};

std::vector<std::uint32_t> words_of(const std::vector<std::uint16_t>& halves) {
  std::vector<std::uint32_t> words((halves.size() + 1) / 2);
  std::memcpy(words.data(), halves.data(), halves.size() * sizeof(std::uint16_t));
  return words;
}

template <SkinnyWeights kType>
void launch(const SkinnyCall& call, const SkinnyPlan& plan, simt::TurnOrder order) {
  const auto with = [&]<int kTiles>() {
    EXPECT_EQ(plan.shared_bytes, sizeof(simt::SkinnyShared<kType, kTiles>));
    const simt::EmulationCounts counts =
        simt::emulate({.grid = {.x = plan.columns, .y = plan.rows, .z = plan.splits},
                       .block = {.x = 128},
                       .shared_bytes = plan.shared_bytes,
                       .order = order},
                      [&] { simt::skinny_gemm<kType, kTiles>(call); });
    EXPECT_EQ(counts.matrix_conflicts, 0U);
  };
  if (plan.tiles == 1) with.template operator()<1>();
  if (plan.tiles == 2) with.template operator()<2>();
  if (plan.tiles == 4) with.template operator()<4>();
  if (plan.tiles == 8) with.template operator()<8>();
}

std::vector<float> compute(const Case& c, const std::vector<float>& in, const SkinnyPacked& packed,
                           simt::TurnOrder order) {
  const SkinnyPlan plan = skinny_plan(packed.type, c.m, c.n, c.k, packed.group, c.multiprocessors);
  std::vector<float> out(static_cast<std::size_t>(c.m * c.n), NAN);
  const Aligned<std::uint16_t> rows(bf16(in));
  const Aligned<std::uint32_t> weights(packed.words);
  std::vector<simt::Words4> partial(plan.partial_bytes / 16);
  std::vector<unsigned> arrived(plan.counters);
  SkinnyCall call;
  call.m = c.m;
  call.n = c.n;
  call.padded_n = packed.padded_n;
  call.k = c.k;
  call.group = packed.group;
  call.in = rows.data();
  call.weights = weights.data();
  call.scale = packed.type == SkinnyWeights::int8
                   ? static_cast<const void*>(packed.channel_scale.data())
                   : static_cast<const void*>(packed.group_scale.data());
  call.zero = packed.group_zero.data();
  call.out = out.data();
  call.partial = partial.data();
  call.arrived = arrived.data();
  if (packed.type == SkinnyWeights::bf16) launch<SkinnyWeights::bf16>(call, plan, order);
  if (packed.type == SkinnyWeights::int8) launch<SkinnyWeights::int8>(call, plan, order);
  if (packed.type == SkinnyWeights::int4) launch<SkinnyWeights::int4>(call, plan, order);
  for (const unsigned count : arrived) EXPECT_EQ(count, 0U);  // ready for the next launch
  return out;
}

// Against the product of what was stored, in double.
void check(const Case& c, const SkinnyPacked& packed, const std::vector<float>& stored,
           std::mt19937& random) {
  const std::vector<float> in = draw(static_cast<std::size_t>(c.m * c.k), random);
  const std::vector<float> out = compute(c, in, packed, simt::TurnOrder::forward);
  for (std::int64_t m = 0; m < c.m; ++m) {
    for (std::int64_t n = 0; n < c.n; ++n) {
      double sum = 0, size = 0;
      for (std::int64_t k = 0; k < c.k; ++k) {
        const double product = static_cast<double>(in[static_cast<std::size_t>(m * c.k + k)]) *
                               stored[static_cast<std::size_t>(n * c.k + k)];
        sum += product;
        size += std::abs(product);
      }
      ASSERT_NEAR(out[static_cast<std::size_t>(m * c.n + n)], sum, 1e-5 * size + 1e-6)
          << "token " << m << ", channel " << n;
    }
  }
  for (const simt::TurnOrder order : {simt::TurnOrder::backward, simt::TurnOrder::shuffled}) {
    EXPECT_EQ(compute(c, in, packed, order), out);
  }
}

class SkinnyGemm : public testing::TestWithParam<Case> {};

TEST_P(SkinnyGemm, OfBf16IsTheProduct) {
  const Case c = GetParam();
  std::mt19937 random(1);
  const std::vector<float> weights = draw(static_cast<std::size_t>(c.n * c.k), random);
  SkinnyPacked as_they_are;
  as_they_are.type = SkinnyWeights::bf16;
  as_they_are.words = words_of(bf16(weights));
  check(c, as_they_are, weights, random);
}

TEST_P(SkinnyGemm, OfInt8IsTheProduct) {
  const Case c = GetParam();
  std::mt19937 random(2);
  const QuantisedInt8 q = quantise_int8(draw(static_cast<std::size_t>(c.n * c.k), random), c.k);
  check(c, pack_skinny(q), dequantise(q), random);
}

TEST_P(SkinnyGemm, OfInt4IsTheProduct) {
  const Case c = GetParam();
  std::mt19937 random(3);
  for (const bool zero_points : {false, true}) {
    const std::int64_t group = c.k % 128 == 0 ? 128 : 64;
    std::vector<float> weights = draw(static_cast<std::size_t>(c.n * c.k), random);
    std::fill_n(weights.begin() + c.k, group, 0.0F);  // a group without a scale
    const QuantisedInt4 q = quantise_int4(weights, c.k, group, zero_points);
    check(c, pack_skinny(q), dequantise(q), random);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, SkinnyGemm,
                         testing::Values(Case{1, 16, 64}, Case{5, 130, 192}, Case{13, 48, 1152, 1},
                                         Case{9, 33, 2048, 3}, Case{30, 140, 128},
                                         Case{70, 20, 256, 2}));

TEST(SkinnyPlan, FillsAGpuWithBlocksOfAtLeastEightSteps) {
  // 64 tiles of 128 channels; 3 blocks of 72 KiB of bf16 do not fit 160 KiB, 2 do: 264 blocks.
  const SkinnyPlan bf16 = skinny_plan(SkinnyWeights::bf16, 1, 8192, 8192, 0, 132);
  EXPECT_EQ(bf16.columns, 64U);
  EXPECT_EQ(bf16.splits, 4U);
  // 20 KiB of int4: 5 blocks of its registers, 660 blocks.
  const SkinnyPlan int4 = skinny_plan(SkinnyWeights::int4, 16, 8192, 8192, 128, 132);
  EXPECT_EQ(int4.tiles, 2);
  EXPECT_EQ(int4.splits, 10U);
  EXPECT_EQ(int4.partial_bytes, 10U * 64 * 128 * 16 * 4);  // fp32 of 10 x 16 x 8192
  // Short k is not cut below 8 steps.
  EXPECT_EQ(skinny_plan(SkinnyWeights::int4, 1, 128, 1024, 128, 132).splits, 2U);
}

}  // namespace
}  // namespace inferbench
