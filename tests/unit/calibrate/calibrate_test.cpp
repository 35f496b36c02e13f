#include "harness/calibrate/calibrate.hpp"

#include <gtest/gtest.h>

#include "harness/base/error.hpp"
#include "harness/catalog/catalog.hpp"
#include "harness/tables/op_timer.hpp"

namespace inferbench {
namespace {

CalibrateRequest tiny() {
  CalibrateRequest request;
  request.model = find_model("tiny-dense-test");
  request.weights = "w8a8";
  request.threads = 1;
  request.limits = {.step_tokens = 8, .max_batch = 2, .context = 20, .kv_tokens = 1000};
  request.budget = std::chrono::milliseconds(50);
  return request;
}

// Times of a table that calibrate() filled answer for every op of the model, and are written and
// read back.
TEST(Calibrate, FillsATableOnce) {
  ThreadStopwatch stopwatch;
  OpTable table;
  table.origin = {.cpu = "CPU", .isa = "here", .compiler = "this", .measured_utc = "now"};
  table.rates = {.arithmetic = {{"fp32", 1}, {"w8a8", 1}}, .memory = 1};
  EXPECT_GT(calibrate(tiny(), table, stopwatch), 20U);
  EXPECT_EQ(calibrate(tiny(), table, stopwatch), 0U);
  const DecoderOps ops = decoder_ops(decoder_shape(tiny().model), "w8a8", "bf16");
  for (const DecoderOp& op : ops.ops) {
    ASSERT_NE(table.find(op.site), nullptr) << text_of(op.site);
    if (op.of_rows) continue;
    EXPECT_TRUE(table.has(op.site, 8, 0)) << text_of(op.site);
    EXPECT_TRUE(table.has(op.site, 3, 0)) << text_of(op.site);
  }
  EXPECT_TRUE(table.has(ops.attention[0].decode, 2, 20));
  EXPECT_TRUE(table.has(ops.attention[0].prefill, 8, 0));
  EXPECT_FALSE(table.has(ops.attention[0].prefill, 3, 0));
  EXPECT_TRUE(table.has(ops.host, 1, 0));
  EXPECT_TRUE(table.has(ops.host, 1, 1));
  EXPECT_EQ(to_json_text(parse_op_table(to_json_text(table), "t")), to_json_text(table));
}

// The table keeps the classes asked for; another call adds the others, and no second time of the
// same.
TEST(Calibrate, AddsWhatIsMissing) {
  ThreadStopwatch stopwatch;
  OpTable table;
  CalibrateRequest request = tiny();
  request.classes = {OpClass::host};
  // One request, running or starting; four are beyond the limit.
  EXPECT_EQ(calibrate(request, table, stopwatch), 2U);
  request.classes = {OpClass::gemm};
  calibrate(request, table, stopwatch);
  for (const OpCurve& curve : table.curves) {
    EXPECT_TRUE(curve.site.op == "gemm" || curve.site.op == "host");
  }
  const OpSite site = decoder_ops(decoder_shape(request.model), "w8a8", "bf16").host;
  const double host = table.find(site)->points[0].ns;
  request.classes = tiny().classes;
  EXPECT_GT(calibrate(request, table, stopwatch), 0U);
  EXPECT_EQ(table.find(site)->points[0].ns, host);
}

// Experts, shared ones and a router: every op of their steps has an answer.
TEST(Calibrate, KnowsExperts) {
  ThreadStopwatch stopwatch;
  OpTable table;
  CalibrateRequest request = tiny();
  request.model = find_model("tiny-moe-test");
  calibrate(request, table, stopwatch);
  for (const DecoderOp& op : decoder_ops(decoder_shape(request.model), "w8a8", "bf16").ops) {
    EXPECT_NE(table.find(op.site), nullptr) << text_of(op.site);
  }
}

TEST(Calibrate, KnowsRanks) {
  ThreadStopwatch stopwatch;
  OpTable table;
  CalibrateRequest request = tiny();
  request.threads = 0;
  request.parallel.tp = 2;
  calibrate(request, table, stopwatch);
  const DecoderOps ops = decoder_ops(decoder_shape(request.model), "w8a8", "bf16", 2);
  for (const DecoderOp& op : ops.ops) {
    EXPECT_NE(table.find(op.site), nullptr) << text_of(op.site);
  }
}

TEST(Calibrate, EndsWhenInterrupted) {
  ThreadStopwatch stopwatch;
  OpTable table;
  CalibrateRequest request = tiny();
  request.interrupted = [] { return true; };
  calibrate(request, table, stopwatch);
  EXPECT_EQ(table.find(decoder_ops(decoder_shape(request.model), "w8a8", "bf16").host), nullptr);
}

TEST(Calibrate, RefusesWhatIsNotExecuted) {
  ThreadStopwatch stopwatch;
  OpTable table;
  const auto refused = [&](auto change) {
    CalibrateRequest request = tiny();
    change(request);
    EXPECT_THROW(calibrate(request, table, stopwatch), Error);
  };
  refused([](CalibrateRequest& r) { r.weights = "w9"; });
  refused([](CalibrateRequest& r) { r.kv = "w9"; });
  refused([](CalibrateRequest& r) { r.threads = 100'000; });
  refused([](CalibrateRequest& r) { r.model = find_model("bert-large"); });
  refused([](CalibrateRequest& r) { r.model = find_model("tiny-mla-test"); });
}

}  // namespace
}  // namespace inferbench
