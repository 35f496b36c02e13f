#include <gtest/gtest.h>

#include <cstring>

#include "harness/base/random.hpp"
#include "kernels/gemm/packed_gemm.hpp"
#include "kernels/gemm/problem.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

// Full-range operands against a sum in 64 bit. Libraries that multiply with vpmaddubsw saturate
// here: with all activations 255 and weights 127 at K = 256 they return half of the exact sum.
struct Operands {
  std::int64_t m, n, k;
  std::vector<std::int8_t> in, weights;
};

// `largest`: of the activations; 127 stands for all of int8, -128 too.
Operands draw(std::int64_t m, std::int64_t n, std::int64_t k, bool extremes, int largest = 127) {
  Operands o{m, n, k, {}, {}};
  RandomStream random = Random(3).stream("int8 operands");
  const auto value = [&] {
    const std::uint64_t bits = random.bits();
    if (extremes) return static_cast<std::int8_t>(bits % 2 == 0 ? -128 : 127);
    return static_cast<std::int8_t>(bits & 0xFFU);
  };
  for (std::int64_t i = 0; i < m * k; ++i) {
    o.in.push_back(largest == 127 ? value() : static_cast<std::int8_t>(value() * largest / 128));
  }
  for (std::int64_t i = 0; i < n * k; ++i) o.weights.push_back(value());
  return o;
}

Operands one_sign(std::int64_t m, std::int64_t n, std::int64_t k) {
  return {m, n, k, std::vector<std::int8_t>(static_cast<std::size_t>(m * k), -128),
          std::vector<std::int8_t>(static_cast<std::size_t>(n * k), -128)};
}

std::vector<float> multiply(const Operands& o, const TileSet& set, unsigned threads,
                            const char* format) {
  GemmProblem p(make_case("gemm", format, {{"m", o.m}, {"n", o.n}, {"k", o.k}}));
  p.weights.int8.values = o.weights;
  p.weights.int8.scale.assign(static_cast<std::size_t>(o.n), 1.0F);
  const PackedWeights w = pack_weights(p.weights, set);
  PackedRows rows;
  rows.reshape(o.m, w.padded_k, set.activation_bytes(), 0);
  for (std::int64_t r = 0; r < o.m; ++r) {
    rows.row_scale[static_cast<std::size_t>(r)] = 1.0F;
    for (std::int64_t k = 0; k < o.k; ++k) {
      const int value = o.in[static_cast<std::size_t>(r * o.k + k)];
      std::byte* to = rows.row(r) + static_cast<std::size_t>(k) * rows.element;
      if (set.activations == TileSet::Activations::s16) {
        const auto wide = static_cast<std::int16_t>(value);
        std::memcpy(to, &wide, 2);
      } else {
        *to = static_cast<std::byte>(value + p.format.largest + 1);
      }
    }
  }
  std::vector<float> out(static_cast<std::size_t>(o.m * o.n));
  ThreadTeam team(threads);
  packed_gemm(set, w, rows, out, team);
  return out;
}

void expect_exact(const Operands& o, const TileSet& set, const char* format = "w8a8") {
  const std::vector<float> out = multiply(o, set, 2, format);
  for (std::int64_t m = 0; m < o.m; ++m) {
    for (std::int64_t n = 0; n < o.n; ++n) {
      std::int64_t sum = 0;
      for (std::int64_t k = 0; k < o.k; ++k) {
        sum += std::int64_t{o.in[static_cast<std::size_t>(m * o.k + k)]} *
               o.weights[static_cast<std::size_t>(n * o.k + k)];
      }
      ASSERT_EQ(out[static_cast<std::size_t>(m * o.n + n)], static_cast<float>(sum))
          << o.m << "x" << o.n << "x" << o.k;
    }
  }
}

void expect_exact_everywhere(const TileSet& set) {
  for (const bool extremes : {false, true}) {
    expect_exact(draw(1, 160, 1024, extremes), set);
    expect_exact(draw(5, 70, 257, extremes), set);
    expect_exact(draw(31, 33, 64, extremes), set);
    expect_exact(draw(3, 17, 65536, extremes), set);
  }
  // All of one sign: the largest sums there are.
  Operands all = one_sign(2, 33, 65536);
  expect_exact(all, set);
  all.weights.assign(all.weights.size(), 127);
  expect_exact(all, set);
}

TEST(GemmInt8, FullRangeOperandsAreExactWithAvx2) {
  if (!supports(Isa::avx2).ok) GTEST_SKIP() << supports(Isa::avx2).reason;
  expect_exact_everywhere(tiles_int8_avx2());
}

TEST(GemmInt8, FullRangeOperandsAreExactWithVnni) {
  if (!supports(Isa::avx512_vnni).ok) GTEST_SKIP() << supports(Isa::avx512_vnni).reason;
  expect_exact_everywhere(tiles_int8_vnni());
}

// The domain's corners: activations of -63 and 63, weights of -128 and 127.
void expect_seven_bits_exact(const TileSet& set) {
  for (const bool extremes : {false, true}) {
    expect_exact(draw(1, 160, 1024, extremes, 63), set, "w8a7");
    expect_exact(draw(7, 70, 257, extremes, 63), set, "w8a7");
  }
  Operands all = one_sign(2, 33, 65536);
  for (const int activation : {-63, 63}) {
    for (const int weight : {-128, 127}) {
      all.in.assign(all.in.size(), static_cast<std::int8_t>(activation));
      all.weights.assign(all.weights.size(), static_cast<std::int8_t>(weight));
      expect_exact(all, set, "w8a7");
    }
  }
}

TEST(GemmInt8, SevenBitActivationsAreExactWithAvx2) {
  if (!supports(Isa::avx2).ok) GTEST_SKIP() << supports(Isa::avx2).reason;
  expect_seven_bits_exact(tiles_int7_avx2());
}

TEST(GemmInt8, SevenBitActivationsAreExactWithVnni) {
  if (!supports(Isa::avx512_vnni).ok) GTEST_SKIP() << supports(Isa::avx512_vnni).reason;
  expect_seven_bits_exact(tiles_int8_vnni());
}

TEST(GemmInt8, SumsThatCouldOverflowAreRefused) {
  const KernelCase c = make_case("gemm", "w8a8", {{"k", 65537}});
  EXPECT_EQ(supports(implementation("gemm", "avx2"), c, Isa::avx512_bf16).reason,
            "k is beyond 65536: 32 bit sums could overflow");
  EXPECT_EQ(preferred(c).name, "reference");
}

}  // namespace
}  // namespace inferbench
