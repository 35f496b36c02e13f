#include "harness/timing/device_timer.hpp"

#include <gtest/gtest.h>

#include "fake_device.hpp"
#include "harness/base/error.hpp"
#include "harness/timing/device_window.hpp"

namespace inferbench {
namespace {

// 30 us of work at 1.5 GHz; 5 us are too short to tell the clock.
TEST(DeviceTimer, TellsTimeAndClock) {
  FakeDevice device;
  DeviceTimer timer(device);
  EXPECT_NEAR(timer.once([&] { device.launch("k", 30'000); }), 30'000, 1);
  EXPECT_NEAR(timer.once([&] { device.launch("k", 5'000); }), 5'000, 1);
  const std::vector<double> clocks = timer.take_clocks_hz();
  ASSERT_EQ(clocks.size(), 1U);
  EXPECT_NEAR(clocks[0], 1.5e9, 1e6);
  EXPECT_TRUE(timer.take_clocks_hz().empty());
  EXPECT_NEAR(timer.total_ns(), 35'000, 2);
}

TEST(DeviceTimer, ReplaysAGraphAndTellsTheTimeOfOneLaunch) {
  FakeDevice device;
  DeviceTimer timer(device);
  const auto graph = device.capture([&] {
    for (int i = 0; i < 10; ++i) device.launch("k", 900, 100);
  });
  EXPECT_NEAR(timer.replay(*graph, 10), 1'000, 1);
}

// The device began before everything was queued: that sample holds host time.
TEST(DeviceTimer, TakesASampleAgainThatDidNotWait) {
  FakeDevice device;
  DeviceTimer timer(device);
  int launches = 0;
  const auto launch = [&] { ++launches, device.launch("k", 1'000); };
  device.be_late({true, false});
  EXPECT_NEAR(timer.once(launch), 1'000, 1);
  EXPECT_EQ(launches, 2);
  device.be_late({true, true, true});
  EXPECT_THROW(timer.once(launch), Failure);
}

// The sampler's CPU clock is what the device took; its wall clock is the host's.
TEST(DeviceStopwatch, ShowsDeviceTimeAsCpuTime) {
  FakeDevice device;
  DeviceTimer timer(device);
  DeviceStopwatch stopwatch(timer);
  const Reading begin = stopwatch.begin();
  timer.once([&] { device.launch("k", 7'000); });
  const Reading end = stopwatch.end();
  EXPECT_NEAR(static_cast<double>((end.cpu - begin.cpu).count()), 7'000, 2);
  EXPECT_GE(end.wall, begin.wall);
}

DeviceRecord record(std::uint64_t id, const char* name, std::uint64_t start, std::uint64_t end) {
  return {.id = id, .start = start, .end = end, .name = name};
}

// A split product: 100 to 160, and its reduction 170 to 200. Span 100, busy 90. The second sample's
// kernels overlap: 300 to 380 and 350 to 400: span and busy 100. A flush belongs to no sample.
TEST(JoinWindow, MeasuresSpanAndBusyTime) {
  const TracedWindow window = join_window(
      {record(0, "flush", 10, 90), record(5, "reduce", 170, 200), record(5, "gemm", 100, 160),
       record(6, "gemm", 300, 380), record(6, "reduce", 350, 400)},
      5, 2, 1);
  ASSERT_EQ(window.refused, "");
  ASSERT_EQ(window.samples.size(), 2U);
  EXPECT_DOUBLE_EQ(window.samples[0].span_ns, 100);
  EXPECT_DOUBLE_EQ(window.samples[0].busy_ns, 90);
  EXPECT_DOUBLE_EQ(window.samples[1].span_ns, 100);
  EXPECT_DOUBLE_EQ(window.samples[1].busy_ns, 100);
  ASSERT_EQ(window.kernels.size(), 2U);
  EXPECT_EQ(window.kernels[0].name, "gemm");
  EXPECT_EQ(window.kernels[0].launches, 1);
  EXPECT_DOUBLE_EQ(window.kernels[0].median_ns, 70);
  EXPECT_DOUBLE_EQ(window.kernels[1].median_ns, 40);
}

TEST(JoinWindow, RefusesWhatDoesNotAddUp) {
  EXPECT_NE(join_window({record(1, "a", 10, 20)}, 1, 2, 1).refused.find("1 of 2 samples have no"),
            std::string::npos);
  EXPECT_EQ(join_window({record(1, "a", 10, 20), record(2, "b", 30, 40)}, 1, 2, 1).refused,
            "samples ran different kernels");
  EXPECT_NE(join_window({record(1, "a", 10, 20)}, 1, 1, 15).refused.find("before its window"),
            std::string::npos);
}

TEST(WindowTracer, TakesAWindowOfSamples) {
  FakeDevice device;
  DeviceTimer timer(device);
  device.start();
  WindowTracer tracer(timer, device);
  device.delay_records(3);  // records come a little later than the work is done
  const TracedWindow window = tracer.window({.name = "gemm",
                                             .prepare = [&] { device.launch("flush", 50'000); },
                                             .launch =
                                                 [&] {
                                                   device.launch("gemm", 8'000, 500);
                                                   device.launch("reduce", 1'000, 1'000);
                                                 }},
                                            4);
  ASSERT_EQ(window.refused, "");
  ASSERT_EQ(window.samples.size(), 4U);
  for (const TracedSample& sample : window.samples) {
    EXPECT_NEAR(sample.span_ns, 10'000, 2);
    EXPECT_NEAR(sample.busy_ns, 9'000, 2);
    EXPECT_NEAR(sample.event_ns, 10'500, 2);  // with the gap before the first kernel
  }
  EXPECT_EQ(window.kernels.size(), 2U);
}

TEST(WindowTracer, RefusesAWindowThatLostRecords) {
  FakeDevice device;
  DeviceTimer timer(device);
  device.start();
  WindowTracer tracer(timer, device);
  const TracedWindow window =
      tracer.window({.name = "k",
                     .prepare = nullptr,
                     .launch = [&] { device.launch("k", 10), ++device.counts_.lost; }},
                    2);
  EXPECT_TRUE(window.samples.empty());
  EXPECT_EQ(window.refused, "2 records were lost");
}

}  // namespace
}  // namespace inferbench
