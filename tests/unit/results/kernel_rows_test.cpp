#include "results/kernel_rows.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "results/run_result.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

// gemm 16 x 4096 x 4096 in fp32: 2 * 16 * 4096 * 4096 = 536,870,912 FLOPs; reads (16 + 4096) *
// 4096 * 4 bytes = 67,371,008, writes 16 * 4096 * 4 = 262,144. In 10,000,000 ns (10 ms) that is
// 53.6870912 GFLOP/s and 6.7633152 GB/s, at 7.938... FLOP per byte.
KernelRow timed_row() {
  KernelRow row;
  row.op = "gemm";
  row.format = "fp32";
  row.axes = {{"m", 16}, {"n", 4096}, {"k", 4096}};
  row.tags = {{"model", "llama-3-8b"}, {"layer", "out"}};
  row.implementation = "avx512";
  row.provider = "own";
  row.check = RowCheck{.pass = true, .worst = 3e-7, .tolerance = 1e-5, .compared = 512};
  row.flops = 536'870'912;
  row.read_bytes = 67'371'008;
  row.written_bytes = 262'144;
  row.timing = RowTiming{.wall_ns = {9e6, 1e7, 1.3e7},
                         .cpu_ns = {9e6, 1e7, 1.1e7},
                         .median_ns = 1e7,
                         .low_ns = 9e6,
                         .high_ns = 1.3e7,
                         .stop = "budget"};
  row.roof = RowRoof{.probe = "fma_fp32_avx512", .unit = "GFLOP/s", .rate = 107, .share = 0.5};
  row.ratios = {{.to = "vendor",
                 .implementation = "openblas",
                 .speedup = 1.25,
                 .low = 1.1,
                 .high = 1.3,
                 .pairs = 3}};
  row.metrics = {{"busbw_gb_per_s", 1.5}};
  row.suspect = {"the interval is 40 % of the median"};
  return row;
}

// The same by a GPU's clocks: the span of its records is the headline.
KernelRow device_row() {
  KernelRow row = timed_row();
  row.implementation = "skinny";
  row.fidelity = "measured-device";
  row.timing->clock = "device";
  row.timing->cpu_ns.clear();
  row.timing->device_ns = {9e6, 1e7, 1.2e7};
  row.device = RowDevice{.name = "NVIDIA H200",
                         .timer = "cupti_span",
                         .event_ns = 1.01e7,
                         .span_ns = 1e7,
                         .gap_ns = -2.5,
                         .lost_records = 3,
                         .event_samples_ns = {1e7, 1.01e7},
                         .kernels = {{.name = "gemm",
                                      .launches = 1,
                                      .median_ns = 9.9e6,
                                      .grid = {132, 1, 1},
                                      .block = {256, 1, 1},
                                      .registers = 96,
                                      .shared_bytes = 4096}}};
  return row;
}

KernelRow failed_row() {
  KernelRow row = timed_row();
  row.implementation = "wrong";
  row.status = RowStatus::failed;
  row.reason = "1 of 512 outputs are off";
  row.check = RowCheck{.worst = 2, .tolerance = 1e-5, .compared = 512, .wrong = 1};
  row.timing.reset();
  row.roof.reset();
  row.ratios.clear();
  return row;
}

RunResult sample_kernels(std::vector<KernelRow> rows) {
  return make_kernels_result(Method::measured_host, ordered_json{{"threads", 1}}, std::move(rows),
                             ordered_json{{"roofs", ordered_json::array()}}, sample_provenance());
}

TEST(KernelRow, WorksOutItsRates) {
  const KernelRow row = timed_row();
  EXPECT_DOUBLE_EQ(row.gflop_per_s().value(), 53.6870912);
  EXPECT_DOUBLE_EQ(row.gb_per_s().value(), 6.7633152);
  EXPECT_NEAR(row.intensity().value(), 7.938, 0.001);
  EXPECT_FALSE(failed_row().gflop_per_s().has_value());
  EXPECT_EQ(row_id(row), "gemm/fp32/k=4096/m=16/n=4096/layer=out/model=llama-3-8b/avx512/hot/t1");
}

TEST(KernelRows, ComeBackAsTheyWereWritten) {
  const std::string text = to_json_text(sample_kernels({timed_row(), failed_row()}));
  EXPECT_TRUE(validate_run_result(text).empty());
  const RunResult back = parse_run_result(text, "test");
  EXPECT_EQ(back.kind, RunKind::kernels);
  ASSERT_EQ(back.rows.size(), 2U);
  EXPECT_EQ(to_json_text(back), text);
  EXPECT_EQ(back.rows[1].reason, "1 of 512 outputs are off");
}

TEST(KernelRows, OfADeviceKeepAllItsClocks) {
  const std::string text = to_json_text(sample_kernels({device_row()}));
  for (const Violation& v : validate_run_result(text)) ADD_FAILURE() << v.pointer << v.problem;
  const RunResult back = parse_run_result(text, "test");
  EXPECT_EQ(to_json_text(back), text);
  ASSERT_TRUE(back.rows[0].device);
  EXPECT_EQ(back.rows[0].device->timer, "cupti_span");
  EXPECT_EQ(back.rows[0].device->gap_ns, -2.5);
  EXPECT_EQ(back.rows[0].device->busy_ns, std::nullopt);
  EXPECT_EQ(back.rows[0].device->lost_records, 3U);
  EXPECT_EQ(back.rows[0].device->kernels.at(0).grid[0], 132);
}

// Three pairs that disagree by much: e^(+-750) is 0 and infinity, which JSON has no number for.
TEST(KernelRows, ARatioWithoutBoundsSaysSo) {
  KernelRow row = timed_row();
  row.ratios[0].low = 0;
  row.ratios[0].high = std::numeric_limits<double>::infinity();
  const std::string text = to_json_text(sample_kernels({row}));
  for (const Violation& v : validate_run_result(text)) ADD_FAILURE() << v.pointer << v.problem;
  const ordered_json ratio = ordered_json::parse(text)["rows"][0]["ratios"][0];
  EXPECT_EQ(ratio["speedup"], 1.25);
  EXPECT_FALSE(ratio.contains("low") || ratio.contains("high"));
  EXPECT_EQ(ratio["absent"]["high"], "3 pairs of samples do not bound it");
  const RunResult back = parse_run_result(text, "test");
  EXPECT_EQ(back.rows[0].ratios[0].low, 0);
  EXPECT_TRUE(std::isinf(back.rows[0].ratios[0].high));
  EXPECT_EQ(to_json_text(back), text);
}

TEST(KernelRows, OneWrongKernelMakesTheRunInvalid) {
  EXPECT_TRUE(sample_kernels({timed_row()}).validity.valid);
  EXPECT_FALSE(sample_kernels({timed_row(), failed_row()}).validity.valid);
  EXPECT_FALSE(sample_kernels({}).validity.valid);
}

TEST(KernelRows, RulesBeyondTheSchemaAreKept) {
  const auto violations_after = [](const std::function<void(ordered_json&)>& change) {
    ordered_json json = ordered_json::parse(to_json_text(sample_kernels({timed_row()})));
    change(json["rows"]);
    std::string all;
    for (const Violation& v : validate_run_result(json.dump())) all += v.pointer + " ";
    return all;
  };
  EXPECT_EQ(violations_after([](ordered_json&) {}), "");
  EXPECT_EQ(violations_after([](ordered_json& rows) { rows.push_back(rows[0]); }), "/rows/1/id ");
  EXPECT_EQ(violations_after([](ordered_json& rows) { rows[0]["gflop_per_s"] = 54; }),
            "/rows/0/gflop_per_s ");
  EXPECT_EQ(violations_after([](ordered_json& rows) { rows[0]["gb_per_s"] = 6; }),
            "/rows/0/gb_per_s ");
  EXPECT_EQ(violations_after([](ordered_json& rows) { rows[0]["check"]["pass"] = false; }),
            "/rows/0/check/pass ");
  EXPECT_EQ(violations_after([](ordered_json& rows) { rows[0]["timing"]["low_ns"] = 1.1e7; }),
            "/rows/0/timing/median_ns ");
  EXPECT_EQ(violations_after([](ordered_json& rows) {
              rows[0]["timing"]["wall_ns"] = {2e7, 3e7};
            }),
            "/rows/0/timing/median_ns ");
  EXPECT_EQ(violations_after([](ordered_json& rows) { rows[0]["ratios"][0].erase("high"); }),
            "/rows/0/ratios/0/high ");
  EXPECT_EQ(violations_after([](ordered_json& rows) { rows[0]["ratios"][0]["low"] = 1.26; }),
            "/rows/0/ratios/0/speedup ");
  EXPECT_EQ(violations_after([](ordered_json& rows) { rows[0]["cache"] = "lukewarm"; }),
            "/rows/0/cache ");
  EXPECT_EQ(violations_after([](ordered_json& rows) {
              rows[0]["status"] = "skipped";
              rows[0].erase("timing");
              rows[0].erase("roof");
            }),
            "/rows/0/reason /rows/0/gflop_per_s /rows/0/gb_per_s ");
}

}  // namespace
}  // namespace inferbench
