#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "kernels/cpu/buffer.hpp"
#include "kernels/gemm/problem.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

struct Size {
  std::int64_t m, n, k;
};

// Around every edge: tile heights 6 and 14, panels of 16 and 32, groups of panels, blocks of k.
const Size kSizes[] = {{1, 1, 1},      {1, 128, 64},  {1, 131, 37},  {2, 33, 1030}, {3, 96, 512},
                       {4, 200, 129},  {5, 70, 5},    {6, 16, 700},  {7, 161, 255}, {8, 64, 1024},
                       {13, 31, 96},   {14, 32, 65},  {15, 250, 33}, {17, 48, 47},  {29, 65, 513},
                       {64, 100, 200}, {65, 47, 130}, {170, 67, 640}};

std::vector<std::int64_t> m_of_sizes() {
  std::vector<std::int64_t> m;
  for (const Size& s : kSizes) m.push_back(s.m);
  return m;
}

std::vector<float> result(const Implementation& i, const Problem& p, unsigned threads) {
  const auto bound = i.bind(p, threads);
  bound->poison();
  bound->run();
  const auto out = bound->output();
  return {out.begin(), out.end()};
}

// Implementations of this machine that have the format. One problem and its oracle serve all of
// them.
std::vector<const Implementation*> present(const std::string& format) {
  std::vector<const Implementation*> found;
  for (const Implementation* i : implementations_of("gemm")) {
    const bool has = std::find(i->formats.begin(), i->formats.end(), format) != i->formats.end();
    if (has && supports(i->needs).ok) found.push_back(i);
  }
  return found;
}

class EveryFormat : public ::testing::TestWithParam<std::string> {
 protected:
  // The reference is the oracle's arithmetic on one thread: a few sizes show that it is wired up.
  static void agree(const Implementation& i, const Problem& problem, const KernelCase& c,
                    const Oracle& oracle) {
    const bool reference = i.provider == "reference";
    const std::int64_t products = c.at("m") * c.at("n") * c.at("k");
    if (!supports(i, c).ok || (reference && products > 100'000)) return;
    for (const unsigned threads : {1U, 3U}) {
      // Threads and fills meet in half of the sizes each.
      const bool skipped = c.fill != Fill::normal && (c.at("m") % 2 == 1) != (threads == 1);
      if (skipped || (reference && threads > 1)) continue;
      const Check checked = check(*i.bind(problem, threads), oracle);
      EXPECT_TRUE(checked.pass) << i.name << " " << c.at("m") << "x" << c.at("n") << "x"
                                << c.at("k") << " fill " << static_cast<int>(c.fill) << " threads "
                                << threads << ": " << checked.reason;
    }
  }
};

TEST_P(EveryFormat, AgreesWithTheOracleInEveryImplementationSizeAndFill) {
  const std::vector<const Implementation*> all = present(GetParam());
  ASSERT_GE(all.size(), 2U) << "the portable kernel and the reference at least";
  for (const Fill fill : {Fill::normal, Fill::outliers, Fill::extreme}) {
    for (const Size& s : kSizes) {
      if (fill != Fill::normal && s.m > 64) continue;  // what tall tiles do shows at 64 rows
      const KernelCase c = make_case("gemm", GetParam(), {{"m", s.m}, {"n", s.n}, {"k", s.k}},
                                     static_cast<std::uint64_t>(s.m * 31 + s.k), fill);
      const auto problem = kernel_op("gemm").problem(c);
      const Oracle oracle = problem->oracle(300);
      for (const Implementation* i : all) agree(*i, *problem, c, oracle);
    }
  }
}

// A row of a batch and the same row alone: the same chain of multiply-adds.
TEST_P(EveryFormat, OwnKernelsGiveARowTheSameBitsInAnyBatchOnAnyThreads) {
  const auto problem = [](std::int64_t m) {
    return kernel_op("gemm").problem(
        make_case("gemm", GetParam(), {{"m", m}, {"n", 150}, {"k", 1100}}));
  };
  const auto many = problem(177);
  // The stream of inputs is the same, so the first rows are.
  std::vector<std::unique_ptr<Problem>> fewer;
  for (const std::int64_t m : {1, 2, 5, 9, 16}) fewer.push_back(problem(m));
  for (const Implementation* i : present(GetParam())) {
    if (i->provider != "own") continue;
    const std::vector<float> expected = result(*i, *many, 1);
    EXPECT_EQ(result(*i, *many, 2), expected) << i->name;
    for (const auto& few : fewer) {
      const std::vector<float> rows = result(*i, *few, 2);
      EXPECT_EQ(0, std::memcmp(rows.data(), expected.data(), rows.size() * sizeof(float)))
          << i->name << ", " << rows.size() / 150 << " rows";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Gemm, EveryFormat, ::testing::ValuesIn(kernel_op("gemm").formats),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST(Gemm, InstructionSetsAgreeBitForBitInFp32) {
  if (!supports(Isa::avx512).ok) GTEST_SKIP() << supports(Isa::avx512).reason;
  for (const std::int64_t m : m_of_sizes()) {
    const auto p =
        kernel_op("gemm").problem(make_case("gemm", "fp32", {{"m", m}, {"n", 77}, {"k", 900}}));
    EXPECT_EQ(result(implementation("gemm", "avx512"), *p, 1),
              result(implementation("gemm", "avx2"), *p, 1));
  }
}

// 2 x 2 x 2 by hand, and the FLOPs and bytes of it.
TEST(Gemm, ReferenceByHand) {
  GemmProblem p(make_case("gemm", "fp32", {{"m", 2}, {"n", 2}, {"k", 2}}));
  p.in = {1, 2, 3, 4};
  p.weights.values = {5, 6, 7, 8};
  EXPECT_EQ(result(implementation("gemm", "reference"), p, 1),
            (std::vector<float>{17, 23, 39, 53}));
  EXPECT_EQ(p.work().flops.count(), 16.0);
  EXPECT_EQ(p.work().bytes().count(), 48.0);
}

// The check itself must fail what is wrong.
class Broken final : public BoundKernel {
 public:
  enum class How { unwritten, off_by_little, outside };
  explicit Broken(How how) : how_(how) {}
  void run() override {
    out_.span()[0] = 1.0F;
    if (how_ != How::unwritten) out_.span()[1] = how_ == How::off_by_little ? 2.001F : 2.0F;
    if (how_ == How::outside) out_.span().data()[2] = 3.0F;
  }
  void poison() override { out_.poison(); }
  std::span<const float> output() override { return out_.span(); }
  bool guards_intact() const override { return out_.guards_intact(); }

 private:
  How how_;
  GuardedOutput out_{2};
};

TEST(Check, FailsWhatIsUnwrittenWrongOrOutside) {
  const Oracle oracle{
      .index = {0, 1}, .value = {1, 2}, .scale = {1, 2}, .tolerance = 1e-4, .why = "a test"};
  Broken unwritten(Broken::How::unwritten), wrong(Broken::How::off_by_little),
      outside(Broken::How::outside);
  EXPECT_EQ(check(unwritten, oracle).unwritten, 1U);
  EXPECT_FALSE(check(unwritten, oracle).pass);
  EXPECT_EQ(check(wrong, oracle).wrong, 1U);
  EXPECT_FALSE(check(wrong, oracle).pass);
  EXPECT_EQ(check(outside, oracle).reason, "wrote outside of its output");
}

}  // namespace
}  // namespace inferbench
