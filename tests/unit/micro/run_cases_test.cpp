#include "harness/micro/run_cases.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "harness/base/random.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;

// The time that the kernels below take; nothing else moves it.
class FakeClock final : public Stopwatch {
 public:
  Reading begin() override { return {now, now, 0}; }
  Reading end() override { return {now, now, 0}; }
  void wait(Duration time) override { now += std::max(Duration(0), time); }
  Duration now{};
};

FakeClock* the_clock = nullptr;
int runs_of_wrong = 0;

// The reference, which is right, at a pace of its own.
class Paced final : public BoundKernel {
 public:
  Paced(const Problem& problem, Duration least, Duration most)
      : inner_(implementation("gemm", "reference").bind(problem, 1)),
        random_(7, "pace"),
        least_(least),
        most_(most) {}
  void run() override {
    inner_->run();
    the_clock->now += Duration(random_.between(least_.count(), most_.count()));
  }
  void poison() override { inner_->poison(); }
  std::span<const float> output() override { return inner_->output(); }
  bool guards_intact() const override { return inner_->guards_intact(); }

 private:
  std::unique_ptr<BoundKernel> inner_;
  RandomStream random_;
  Duration least_, most_;
};

// Off by one in the first element.
class Wrong final : public BoundKernel {
 public:
  explicit Wrong(const Problem& problem)
      : inner_(implementation("gemm", "reference").bind(problem, 1)) {}
  void run() override {
    ++runs_of_wrong;
    inner_->run();
    out_.assign(inner_->output().begin(), inner_->output().end());
    out_[0] += 1;
  }
  void poison() override { inner_->poison(); }
  std::span<const float> output() override { return out_; }
  bool guards_intact() const override { return true; }

 private:
  std::unique_ptr<BoundKernel> inner_;
  std::vector<float> out_;
};

template <int kLeastUs, int kMostUs>
Implementation paced(const char* name, const char* provider) {
  return {.op = "gemm",
          .name = name,
          .provider = provider,
          .formats = {"fp32"},
          .summary = "a pace",
          .bind = [](const Problem& p, unsigned) -> std::unique_ptr<BoundKernel> {
            return std::make_unique<Paced>(p, kLeastUs * 1us, kMostUs * 1us);
          }};
}

Implementation wrong() {
  return {.op = "gemm",
          .name = "wrong",
          .provider = "own",
          .formats = {"fp32"},
          .summary = "off by one",
          .bind = [](const Problem& p, unsigned) -> std::unique_ptr<BoundKernel> {
            return std::make_unique<Wrong>(p);
          }};
}

BenchCase small_case(std::int64_t m, std::vector<const Implementation*> implementations) {
  BenchCase c;
  c.kernel = make_case("gemm", "fp32", {{"m", m}, {"n", 3}, {"k", 5}});
  c.implementations = std::move(implementations);
  return c;
}

class RunCases : public ::testing::Test {
 protected:
  void SetUp() override { the_clock = &clock_; }

  BenchOptions options(Duration budget) const {
    BenchOptions o;
    o.budget = budget;
    return o;
  }
  FakeClock clock_;
};

// Own takes 1 ms, the library 2 ms, the reference 4 ms: 2 and 4 times as fast.
TEST_F(RunCases, RatiosAreOverTheLibraryAndTheReferenceOfTheSameRun) {
  const Implementation own = paced<1000, 1000>("own", "own");
  const Implementation library = paced<2000, 2000>("library", "somelib");
  const Implementation reference = paced<4000, 4000>("reference", "reference");
  const BenchOutcome outcome =
      run_cases({small_case(2, {&own, &library, &reference})}, options(4s), clock_);
  ASSERT_EQ(outcome.rows.size(), 3U);
  const KernelRow& row = outcome.rows[0];
  EXPECT_EQ(row.status, RowStatus::timed);
  EXPECT_EQ(row.timing->median_ns, 1e6);
  EXPECT_EQ(row.timing->stop, "precise");
  EXPECT_DOUBLE_EQ(row.flops.value(), 2 * 2 * 3 * 5);
  ASSERT_EQ(row.ratios.size(), 2U);
  EXPECT_EQ(row.ratios[0].to, "vendor");
  EXPECT_DOUBLE_EQ(row.ratios[0].speedup, 2);
  EXPECT_EQ(row.ratios[1].to, "reference");
  EXPECT_DOUBLE_EQ(row.ratios[1].speedup, 4);
  EXPECT_EQ(outcome.rows[1].ratios.size(), 1U);  // the library over the reference
  ASSERT_EQ(outcome.rows[2].ratios.size(), 1U);  // and the reference over the library
  EXPECT_DOUBLE_EQ(outcome.rows[2].ratios[0].speedup, 0.5);
}

TEST_F(RunCases, AWrongKernelIsReportedAndNotTimed) {
  const Implementation own = paced<1000, 1000>("own", "own");
  const Implementation bad = wrong();
  runs_of_wrong = 0;
  const BenchOutcome outcome = run_cases({small_case(2, {&bad, &own})}, options(1s), clock_);
  EXPECT_EQ(runs_of_wrong, 1);  // the check
  const KernelRow& row = outcome.rows[0];
  EXPECT_EQ(row.status, RowStatus::failed);
  EXPECT_FALSE(row.timing.has_value());
  EXPECT_FALSE(row.check->pass);
  EXPECT_EQ(row.check->wrong, 1U);
  EXPECT_NE(row.reason.find("output[0]"), std::string::npos) << row.reason;
  EXPECT_EQ(outcome.rows[1].status, RowStatus::timed);
}

// One steady case is precise after the eight visits that an interval wants, and gets no other. Of
// two unsteady ones the wilder one gets more of the rounds.
TEST_F(RunCases, TheBudgetGoesToTheLeastCertain) {
  const Implementation steady = paced<1000, 1000>("steady", "own");
  const Implementation unsteady = paced<900, 1100>("unsteady", "own");
  const Implementation wild = paced<200, 9000>("wild", "own");
  BenchOptions o = options(4s);
  o.sampler.most = 100'000;
  o.sampler.relative_width = 0.001;
  const BenchOutcome outcome = run_cases(
      {small_case(1, {&steady}), small_case(2, {&unsteady}), small_case(3, {&wild})}, o, clock_);
  const auto visits = [&](std::size_t row) { return outcome.rows[row].timing->visits; };
  EXPECT_EQ(visits(0), 8);
  EXPECT_EQ(outcome.rows[0].timing->stop, "precise");
  EXPECT_EQ(outcome.rows[2].timing->stop, "budget");
  EXPECT_GT(visits(2), visits(1));
  EXPECT_EQ(outcome.rounds, static_cast<std::size_t>(visits(0) + visits(1) + visits(2) - 3));
  // Spent, and a visit of the second half (3 s / 16 / 3 cases) goes beyond it by no more than a
  // warm-up and a round.
  EXPECT_GE(clock_.now, 4s);
  EXPECT_LT(clock_.now, 5s);
}

// Preparation costs nothing here, so a first visit is the fewest samples: 11 of 100 ms and at least
// five to warm up. The budget of 1 s is gone with the first case.
TEST_F(RunCases, WhatTheBudgetDoesNotReachIsSkippedWithThatReason) {
  const Implementation slow = paced<100'000, 100'000>("slow", "own");
  const BenchOutcome outcome =
      run_cases({small_case(1, {&slow}), small_case(2, {&slow})}, options(1s), clock_);
  EXPECT_EQ(outcome.rows[0].status, RowStatus::timed);
  EXPECT_EQ(outcome.rows[1].status, RowStatus::skipped);
  EXPECT_NE(outcome.rows[1].reason.find("budget"), std::string::npos);
  EXPECT_EQ(outcome.rounds, 0U);
}

TEST_F(RunCases, AnInterruptKeepsWhatWasMeasured) {
  const Implementation own = paced<1000, 9000>("own", "own");
  BenchOptions o = options(1h);
  o.sampler.interrupted = [this] { return clock_.now > 100ms; };
  const BenchOutcome outcome = run_cases({small_case(1, {&own}), small_case(2, {&own})}, o, clock_);
  EXPECT_TRUE(outcome.interrupted);
  EXPECT_EQ(outcome.rows[0].status, RowStatus::timed);
  EXPECT_EQ(outcome.rows[0].timing->stop, "interrupted");
  EXPECT_EQ(outcome.rows[1].status, RowStatus::skipped);
}

TEST_F(RunCases, WhatCannotRunSaysWhy) {
  Implementation absent = paced<1, 1>("absent", "somelib");
  absent.available = [](const KernelCase&) { return Support::no("libsome.so is not installed"); };
  const Implementation reference = paced<1, 1>("reference", "reference");
  const Implementation own = paced<1000, 1000>("own", "own");
  BenchCase huge = small_case(1, {&own});
  huge.kernel = make_case("gemm", "fp32", {{"m", 1}, {"n", 1 << 20}, {"k", 1 << 20}});
  BenchCase slow = small_case(1, {&reference});
  slow.kernel = make_case("gemm", "fp32", {{"m", 1000}, {"n", 1000}, {"k", 1000}});
  BenchCase nobody = small_case(4, {});
  nobody.unusable = "no op computes it";
  const BenchOutcome outcome =
      run_cases({small_case(1, {&absent}), huge, slow, nobody}, options(1s), clock_);
  ASSERT_EQ(outcome.rows.size(), 4U);
  for (const KernelRow& row : outcome.rows) EXPECT_EQ(row.status, RowStatus::skipped);
  EXPECT_EQ(outcome.rows[0].reason, "libsome.so is not installed");
  EXPECT_NE(outcome.rows[1].reason.find("of memory"), std::string::npos);
  EXPECT_NE(outcome.rows[2].reason.find("--provider reference"), std::string::npos);
  EXPECT_EQ(outcome.rows[3].reason, "no op computes it");
}

TEST_F(RunCases, EveryOpOfTheRegistryRunsOnceAtASmallSize) {
  the_clock = &clock_;
  BenchRequest request;
  request.ops = {"all"};
  for (const char* axis : {"m=3", "n=16", "k=64", "rows=2", "tokens=4", "context=8"}) {
    const std::string name = std::string(axis).substr(0, std::string(axis).find('='));
    for (const Op& op : kernel_ops()) {
      const bool has = std::any_of(op.axes.begin(), op.axes.end(),
                                   [&](const Axis& a) { return a.name == name; });
      if (!has) continue;
      request.axes.push_back(parse_axis(axis));
      break;
    }
  }
  const std::vector<BenchCase> cases = expand(request);
  std::size_t supported = 0;
  for (const BenchCase& c : cases) {
    for (const Implementation* i : c.implementations) supported += supports(*i, c.kernel).ok;
  }
  EXPECT_EQ(run_once(cases, {}), supported);
}

}  // namespace
}  // namespace inferbench
