#include <gtest/gtest.h>

#include "../timing/fake_device.hpp"
#include "harness/base/error.hpp"
#include "harness/micro/device_bench.hpp"
#include "harness/micro/run_cases.hpp"
#include "kernels/registry.hpp"

namespace inferbench {
namespace {

using namespace std::chrono_literals;

FakeDevice* the_device = nullptr;
int launches_until_fault = -1;  // negative: never

// The reference, which is right; on the device it is one kernel of 40 us, half a microsecond after
// what came before.
class OnFakeDevice final : public BoundKernel {
 public:
  explicit OnFakeDevice(const Problem& problem)
      : inner_(implementation("rmsnorm", "reference").bind(problem, 1)) {}
  void run() override {
    inner_->run();
    launch();
  }
  void launch() override {
    if (launches_until_fault == 0) throw Failure("an illegal memory access");
    if (launches_until_fault > 0) --launches_until_fault;
    the_device->launch("norm_kernel", 40'000, 500);
  }
  void poison() override { inner_->poison(); }
  std::span<const float> output() override { return inner_->output(); }
  bool guards_intact() const override { return inner_->guards_intact(); }

 private:
  std::unique_ptr<BoundKernel> inner_;
};

Implementation on_fake_device() {
  return {.op = "rmsnorm",
          .name = "fake",
          .provider = "own",
          .formats = {"fp32"},
          .summary = "",
          .bind = [](const Problem& p, unsigned) -> std::unique_ptr<BoundKernel> {
            return std::make_unique<OnFakeDevice>(p);
          },
          .device = Device::cuda};
}

class DeviceCases : public ::testing::Test {
 protected:
  DeviceCases() {
    the_device = &device_;
    launches_until_fault = -1;
    bench_.timer = &timer_;
    bench_.trace = &device_;
    bench_.flush = [this] { ++flushes_, device_.launch("flush", 30'000); };
    bench_.cache_bytes = 1 << 20;
    bench_.name = "a GPU";
    options_.bind.device = &bench_;
    options_.bind.cache = CachePolicy::cold;
    options_.bind.last_cache_bytes = 1 << 20;
    options_.sampler.clock = TimedClock::cpu;
    options_.sampler.most = 40;
    options_.budget = 300ms;
    options_.trace = true;
  }

  std::vector<BenchCase> cases(std::vector<std::int64_t> rows) {
    std::vector<BenchCase> list;
    for (const std::int64_t r : rows) {
      BenchCase c;
      c.kernel = make_case("rmsnorm", "fp32", {{"rows", r}, {"columns", 64}});
      c.implementations = {&implementation_};
      list.push_back(std::move(c));
    }
    return list;
  }
  BenchOutcome run(const std::vector<BenchCase>& list) {
    DeviceStopwatch stopwatch(timer_);
    return run_cases(list, options_, stopwatch);
  }

  FakeDevice device_;
  DeviceTimer timer_{device_};
  DeviceBench bench_;
  BenchOptions options_;
  Implementation implementation_ = on_fake_device();
  int flushes_ = 0;
};

// Events hold the gap before the kernel, 40.5 us; CUPTI's span is the kernel alone, and the
// headline.
TEST_F(DeviceCases, AreTimedByEventsAndByRecords) {
  const BenchOutcome outcome = run(cases({4}));
  ASSERT_EQ(outcome.rows.size(), 1U);
  const KernelRow& row = outcome.rows[0];
  EXPECT_EQ(row.status, RowStatus::timed) << row.reason;
  EXPECT_TRUE(row.check->pass);
  EXPECT_EQ(row.fidelity, "measured-device");
  ASSERT_TRUE(row.timing && row.device);
  EXPECT_EQ(row.timing->clock, "device");
  EXPECT_TRUE(row.timing->cpu_ns.empty());
  EXPECT_NEAR(row.timing->median_ns, 40'000, 2);
  EXPECT_EQ(row.device->timer, "cupti_span");
  EXPECT_EQ(row.device->fallback, "");
  EXPECT_NEAR(*row.device->event_ns, 40'500, 2);
  EXPECT_NEAR(*row.device->span_ns, 40'000, 2);
  EXPECT_NEAR(*row.device->busy_ns, 40'000, 2);
  EXPECT_NEAR(*row.device->graph_ns, 40'500, 2);
  EXPECT_NEAR(*row.device->gap_ns, 500, 3);
  EXPECT_NEAR(*row.device->tracing_tax, 0, 1e-4);
  EXPECT_NEAR(*row.device->clock_hz, 1.5e9, 1e6);
  EXPECT_FALSE(row.device->launch_bound);
  ASSERT_EQ(row.device->kernels.size(), 1U);
  EXPECT_EQ(row.device->kernels[0].name, "norm_kernel");
  EXPECT_EQ(row.device->kernels[0].launches, 1);
  EXPECT_GT(row.device->event_samples_ns.size(), 5U);
  EXPECT_GT(flushes_, 0);  // 1 KiB of rows would need more copies than is worth it
}

TEST_F(DeviceCases, FallBackToEventsWithTheReason) {
  bench_.trace = nullptr;
  bench_.untraceable = "another profiler is attached: Nsight Systems";
  const BenchOutcome outcome = run(cases({4}));
  const KernelRow& row = outcome.rows[0];
  ASSERT_TRUE(row.device);
  EXPECT_EQ(row.device->timer, "events");
  EXPECT_EQ(row.device->fallback, bench_.untraceable);
  EXPECT_FALSE(row.device->span_ns);
  EXPECT_NEAR(row.timing->median_ns, 40'500, 2);
}

// Hot: a graph of launches back to back, and its launch is what is sampled.
TEST_F(DeviceCases, HotOnesAreReplayed) {
  options_.bind.cache = CachePolicy::hot;
  const BenchOutcome outcome = run(cases({4}));
  ASSERT_TRUE(outcome.rows[0].device);
  EXPECT_EQ(outcome.rows[0].device->timer, "graph");
  EXPECT_NEAR(outcome.rows[0].timing->median_ns, 40'500, 2);
  EXPECT_EQ(flushes_, 0);
}

// The check and a few samples go well, then the device fails: the case is named, the next one is
// not run.
TEST_F(DeviceCases, EndWithADeviceThatFails) {
  launches_until_fault = 4;
  const BenchOutcome outcome = run(cases({4, 8}));
  ASSERT_EQ(outcome.rows.size(), 2U);
  EXPECT_EQ(outcome.rows[0].status, RowStatus::failed);
  EXPECT_EQ(outcome.rows[0].reason, "the device failed: an illegal memory access");
  EXPECT_FALSE(outcome.rows[0].timing);
  EXPECT_EQ(outcome.rows[1].status, RowStatus::skipped);
  EXPECT_NE(outcome.rows[1].reason.find("the device failed before its turn: rmsnorm"),
            std::string::npos)
      << outcome.rows[1].reason;
  EXPECT_NE(outcome.fault.find("rows=4"), std::string::npos) << outcome.fault;
}

}  // namespace
}  // namespace inferbench
