#include "kernels/gemm/linear.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "harness/base/error.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/fill.hpp"
#include "kernels/gemm/problem.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kN = 150, kK = 700;

std::vector<float> matrix(std::int64_t rows, std::int64_t k, const char* what) {
  std::vector<float> x(static_cast<std::size_t>(rows * k));
  fill_matrix(x, k, Fill::normal, 1.0, 5, what);
  for (float& v : x) v = bf16_to_float(float_to_bf16(v));
  return x;
}

std::vector<std::uint16_t> bf16(const std::vector<float>& x) {
  std::vector<std::uint16_t> out;
  out.reserve(x.size());
  for (const float v : x) out.push_back(float_to_bf16(v));
  return out;
}

template <class T>
std::vector<float> run(const PackedLinear& linear, const std::vector<T>& in, unsigned threads) {
  std::vector<float> out(in.size() / static_cast<std::size_t>(linear.k()) *
                         static_cast<std::size_t>(linear.n()));
  ThreadTeam team(threads);
  LinearWorkspace workspace;
  linear.run(std::span<const T>(in), out, team, workspace);
  return out;
}

std::vector<Isa> levels() {
  std::vector<Isa> present;
  for (const Isa level :
       {Isa::portable, Isa::avx2, Isa::avx512, Isa::avx512_vnni, Isa::avx512_bf16}) {
    if (supports(level).ok) present.push_back(level);
  }
  return present;
}

// Calls what(linear) for every format on every level that has tiles of its own for it.
template <class What>
void for_every_linear(const std::vector<float>& weights, const std::vector<float>& calibration,
                      What what) {
  for (const GemmFormat& format : gemm_formats()) {
    for (const Isa level : levels()) {
      if (tiles_for(format, level) == nullptr) continue;
      SCOPED_TRACE(format.name + " " + std::string(name(level)));
      what(PackedLinear(format.name, kN, kK, weights, {.isa = level, .calibration = calibration}));
    }
  }
}

// The promise of the docstring: row 20 of 37, alone and at the end of 5, on one thread and on
// three.
TEST(PackedLinear, GivesARowTheSameBitsInAnyBatch) {
  const std::vector<float> in = matrix(37, kK, "in");
  for_every_linear(matrix(kN, kK, "weights"), in, [&](const PackedLinear& linear) {
    const std::vector<float> all = run(linear, in, 1);
    EXPECT_EQ(run(linear, in, 3), all);
    for (const std::ptrdiff_t before : {0, 4}) {
      const std::vector<float> few(in.begin() + (20 - before) * kK, in.begin() + 21 * kK);
      const std::vector<float> out = run(linear, few, 3);
      EXPECT_EQ(0, std::memcmp(out.data() + before * kN, all.data() + 20 * kN,
                               static_cast<std::size_t>(kN) * sizeof(float)));
    }
  });
}

// The same path as the kernels of the registry: bit for bit what they compute, strip by strip.
TEST(PackedLinear, IsWhatTheRegistryBinds) {
  for (const GemmFormat& format : gemm_formats()) {
    if (format.smooth || format.in_code != nullptr)
      continue;  // calibrated with rows of the problem's own
    const GemmProblem p(make_case("gemm", format.name, {{"m", 3}, {"n", kN}, {"k", kK}}));
    std::vector<float> weights(static_cast<std::size_t>(kN * kK));
    fill_matrix(weights, kK, Fill::normal, 1.0 / std::sqrt(static_cast<double>(kK)), 1,
                "gemm weights");
    const Implementation& best = preferred(p.shape());
    if (best.provider != "own") continue;
    const auto bound = best.bind(p, 1);
    bound->run();
    const PackedLinear linear(format.name, kN, kK, weights);
    const auto expected = bound->output();
    EXPECT_EQ(run(linear, p.in, 2), std::vector<float>(expected.begin(), expected.end()))
        << format.name;
    EXPECT_GE(static_cast<double>(linear.bytes()), format.weight_bytes() * kN * kK);
  }
}

TEST(PackedLinear, TakesWeightsAndActivationsInFp32OrBf16) {
  const std::vector<float> weights = matrix(kN, kK, "weights"), in = matrix(9, kK, "in");
  const std::vector<std::uint16_t> narrow = bf16(weights);
  for (const char* format : {"bf16", "w8a8", "w4a16-g64-zp"}) {
    const PackedLinear from_fp32(format, kN, kK, weights);
    const PackedLinear from_bf16(gemm_format(format), kN, kK, rows_of_bf16(narrow, kK));
    EXPECT_EQ(run(from_bf16, in, 1), run(from_fp32, in, 1));
    EXPECT_EQ(run(from_fp32, bf16(in), 1), run(from_fp32, in, 1));
  }
}

// One workspace for layers of different sizes and formats: what one leaves behind, another ignores.
TEST(PackedLinear, LayersShareAWorkspace) {
  const std::vector<float> weights = matrix(kN, kK, "weights"), in = matrix(40, kK, "in");
  const std::vector<float> ones(4096, 3.0F);
  ThreadTeam team(2);
  LinearWorkspace workspace;
  const PackedLinear wide("fp32", 1, 4096, ones);
  std::vector<float> one(1);
  wide.run(std::span<const float>(ones), one, team, workspace);
  EXPECT_EQ(one[0], 4096 * 9.0F);
  for_every_linear(weights, in, [&](const PackedLinear& linear) {
    std::vector<float> out(40 * kN);
    linear.run(std::span<const float>(in), out, team, workspace);
    EXPECT_EQ(out, run(linear, in, 1));
  });
}

TEST(PackedLinear, RefusesWhatItCannotCompute) {
  const std::vector<float> weights = matrix(2, 8, "weights");
  EXPECT_THROW(PackedLinear("w8a9", 2, 8, weights), Error);
  EXPECT_THROW(PackedLinear("w8a8-smooth", 2, 8, weights), Error);
  EXPECT_THROW(PackedLinear("fp32", 0, 8, {}), Error);
  EXPECT_THROW(PackedLinear("w8a8", 1, 65537, std::vector<float>(65537)), Error);
}

}  // namespace
}  // namespace inferbench
