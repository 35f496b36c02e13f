#include "results/store/run_document.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.hpp"
#include "results/run_result.hpp"
#include "sample_night.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

const EntryPoint& point_of(const RunEntry& entry, const std::string& name) {
  const auto found = std::find_if(entry.points.begin(), entry.points.end(),
                                  [&](const EntryPoint& one) { return one.series.name == name; });
  if (found == entry.points.end()) throw std::runtime_error("no " + name);
  return *found;
}

// 3 % slower than the anchor: 1030 ns, ratio 1.03 within 1.02 and 1.04; the modelled time has no
// noise.
TEST(RunDocument, ReadsAComparison) {
  const RunEntry entry = night_entry({.day = 3, .ratio = 1.03});
  EXPECT_EQ(entry.run.suite, "smoke");
  EXPECT_EQ(entry.run.time_utc, "2026-01-03T02:00:00.000Z");
  EXPECT_EQ(entry.run.commit, "c3");
  EXPECT_EQ(entry.run.anchor, "aaaaaaaaaaaa");
  EXPECT_EQ(entry.run.hardware, "one, 2 CPUs");
  EXPECT_TRUE(entry.run.id.starts_with("20260103T020000.000Z-")) << entry.run.id;
  ASSERT_EQ(entry.points.size(), 3U);
  const EntryPoint& gemm = point_of(entry, "kernel/gemm");
  EXPECT_DOUBLE_EQ(gemm.point.value, 1030);
  EXPECT_DOUBLE_EQ(*gemm.point.ratio, 1.03);
  EXPECT_DOUBLE_EQ(*gemm.point.ratio_low, 1.02);
  EXPECT_DOUBLE_EQ(*gemm.point.ratio_high, 1.04);
  const EntryPoint& modelled = point_of(entry, "replay/chat/modelled_ns");
  EXPECT_TRUE(modelled.series.exact);
  EXPECT_EQ(modelled.series.unit, "ns");
  EXPECT_EQ(modelled.point.ratio, 1.0);
}

// A replay's numbers that have a direction; runs of another configuration are other series.
TEST(RunDocument, ReadsAReplay) {
  const std::string text = to_json_text(sample_result());
  const RunEntry entry = read_run_document(text, "run.json");
  EXPECT_EQ(entry.run.kind, "replay");
  EXPECT_EQ(entry.run.method, "modelled");
  ASSERT_FALSE(entry.points.empty());
  for (const EntryPoint& one : entry.points) {
    EXPECT_NE(one.series.better, Better::neither);
    EXPECT_TRUE(one.series.exact);
    EXPECT_EQ(one.series.configuration.size(), 12U);
  }
}

TEST(RunDocument, ReadsGoogleBenchmark) {
  const std::string text =
      R"({"context": {"date": "2026-01-05T03:00:00+01:00", "num_cpus": 2, "mhz_per_cpu": 2400},
"benchmarks": [{"name": "a", "run_type": "iteration", "real_time": 2.5, "time_unit": "us",
"bytes": NaN}]})";
  const RunEntry entry = read_run_document(text, "gb.json", {.commit = "abc"});
  EXPECT_EQ(entry.run.time_utc, "2026-01-05T02:00:00.000Z");
  EXPECT_EQ(entry.run.hardware, "2 CPUs of 2400 MHz");
  EXPECT_EQ(entry.run.commit, "abc");
  ASSERT_EQ(entry.points.size(), 1U);
  EXPECT_EQ(entry.points[0].point.value, 2500);
}

TEST(RunDocument, LabelsStandBeforeTheFile) {
  const RunEntry entry = read_run_document(
      night_document({}), "n.json",
      {.suite = "mine", .commit = "d", .time_utc = "2026-02-01", .hardware = "lab"});
  EXPECT_EQ(entry.run.suite, "mine");
  EXPECT_EQ(entry.run.commit, "d");
  EXPECT_EQ(entry.run.time_utc, "2026-02-01T00:00:00.000Z");
  EXPECT_EQ(entry.run.hardware, "lab");
  EXPECT_EQ(entry.points[0].series.suite, "mine");
}

TEST(RunDocument, RefusesWhatCannotBeFollowed) {
  const std::string night = night_document({});
  EXPECT_THROW(read_run_document(night.substr(0, night.size() / 2), "cut.json"), Error);
  EXPECT_THROW(read_run_document("[]", "list.json"), Error);
  EXPECT_THROW(read_run_document(R"({"schema": "inferbench.plan/1"})", "plan.json"), Error);
  std::string newer = night;
  newer.replace(newer.find("1.1.0"), 5, "2.0.0");
  EXPECT_THROW(read_run_document(newer, "newer.json"), Error);
  std::string timeless = night;
  timeless.replace(timeless.find("started_utc"), 11, "began_utc__");
  try {
    read_run_document(timeless, "timeless.json");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.way_out().find("--time"), std::string::npos);
  }
}

TEST(RunDocument, ReadsTimesWithTheirZones) {
  EXPECT_EQ(parse_utc("2026-11-21", "x"), "2026-11-21T00:00:00.000Z");
  EXPECT_EQ(parse_utc("2026-11-21T00:30:00.25-02:00", "x"), "2026-11-21T02:30:00.250Z");
  EXPECT_EQ(parse_utc("2026-03-01T00:30:00+01:00", "x"), "2026-02-28T23:30:00.000Z");
  for (const char* wrong : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-11-21T25:00:00Z",
                            "2026-11-21T10:00:00"}) {
    EXPECT_THROW(parse_utc(wrong, "x"), Error) << wrong;
  }
}

}  // namespace
}  // namespace inferbench
