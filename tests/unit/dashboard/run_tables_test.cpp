#include "results/dashboard/run_tables.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "results/request_records.hpp"
#include "sample_run.hpp"

namespace inferbench {
namespace {

using nlohmann::ordered_json;

std::string put_records(const std::vector<RequestRecord>& records) {
  const std::string path = scratch("records.jsonl");
  RecordWriter writer(path);
  for (const RequestRecord& record : records) writer.write(record);
  writer.commit();
  return path;
}

ordered_json values(const ordered_json& table, const char* column) {
  return table["columns"][column]["values"];
}

// TTFT of the sample's completed requests: 100, 250, 300, 500 ms. TPOT: (150-100)/2, (340-300)/1,
// (2000-1000)/4; request 2 has one token. Gaps: 20 30, 40, four of 250 ms.
TEST(RecordTables, AreTheDistributionsOfCompletedRequests) {
  const ordered_json tables = record_tables(put_records(sample_records()));
  EXPECT_EQ(values(tables["ecdf_ttft"], "value_ms"), ordered_json::array({100., 250., 300., 500.}));
  EXPECT_EQ(values(tables["ecdf_ttft"], "share"), ordered_json::array({.25, .5, .75, 1.}));
  EXPECT_EQ(values(tables["ecdf_tpot"], "value_ms"), ordered_json::array({25., 40., 250.}));
  EXPECT_EQ(tables["ecdf_tpot"]["of"], 3);

  const ordered_json& gaps = tables["ecdf_itl"];
  EXPECT_EQ(gaps["of"], 7);
  const ordered_json edges = values(gaps, "value_ms"), shares = values(gaps, "share");
  const double wanted[] = {20, 30, 40, 250};
  const double share[] = {1. / 7, 2. / 7, 3. / 7, 1};
  ASSERT_EQ(edges.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_GE(edges[i].get<double>(), wanted[i] * (1 - 1e-9));  // the bucket's upper edge
    EXPECT_LE(edges[i].get<double>(), wanted[i] * 1.0051);
    EXPECT_DOUBLE_EQ(shares[i].get<double>(), share[i]);
  }
}

TEST(RecordTables, ListRequestsAndLeaveOutWhatTheyDoNotHave) {
  const ordered_json tables = record_tables(put_records(sample_records()));
  const ordered_json& requests = tables["requests"];
  EXPECT_EQ(requests["rows"], 5);
  EXPECT_EQ(values(requests, "ttft_ms")[3], nullptr);  // rejected
  EXPECT_EQ(values(requests, "tpot_ms")[2], nullptr);  // one token
  EXPECT_EQ(values(requests, "queue_ms")[1], 50.0);
  EXPECT_EQ(requests["columns"]["outcome"]["dictionary"],
            ordered_json::array({"completed", "rejected"}));
  EXPECT_EQ(tables["worst"]["rows"], 4);  // the rejected one has no latency
  EXPECT_EQ(values(tables["worst"], "longest_gap_ms")[0], 30.0);
}

// 30,000 requests with TTFT 1, 2, ... ms: every step that is kept is one of the whole function.
TEST(RecordTables, ThinManyRequestsWithoutBendingTheirDistribution) {
  std::vector<RequestRecord> records(30000, sample_records()[2]);
  for (std::size_t i = 0; i < records.size(); ++i) {
    RequestRecord& record = records[i];
    record.id = RequestId(i);
    record.token_times = {record.scheduled + std::chrono::milliseconds(i + 1)};
    record.ended = record.token_times.back();
  }
  const ordered_json tables = record_tables(put_records(records));
  const ordered_json ms = values(tables["ecdf_ttft"], "value_ms");
  const ordered_json share = values(tables["ecdf_ttft"], "share");
  EXPECT_LE(ms.size(), 520U);
  for (std::size_t i = 0; i < ms.size(); ++i) {
    EXPECT_DOUBLE_EQ(share[i].get<double>(), ms[i].get<double>() / 30000);
  }
  EXPECT_EQ(ms.front(), 1.0);
  EXPECT_EQ(ms[ms.size() - 2], 29999.0);  // the tail is whole
  EXPECT_EQ(ms.back(), 30000.0);
  EXPECT_EQ(tables["requests"]["of"], 30000);
  EXPECT_LE(tables["requests"]["rows"].get<int>(), 20000);
  EXPECT_EQ(values(tables["worst"], "request").back(), 29999.0);
}

// Two steps of 10 and 5 ms, the second with one decode, and the request they served.
TEST(TimelineTables, AreTheStepsAndRequestsOfATrace) {
  const std::string path = scratch("run.trace.json");
  OutputFile file(path);
  file.write(R"({"displayTimeUnit": "ns", "traceEvents": [
    {"ph": "M", "name": "process_name", "pid": 2, "tid": 0, "args": {"name": "replica 0"}},
    {"ph": "C", "name": "requests", "pid": 2, "tid": 0, "ts": 1000, "args": {"running": 1, "waiting": 3}},
    {"ph": "C", "name": "KV blocks", "pid": 2, "tid": 0, "ts": 1000, "args": {"used": 7}},
    {"ph": "X", "name": "step", "pid": 2, "tid": 0, "ts": 1000, "dur": 10000,
     "args": {"step": 0, "tokens": 64, "prompt_tokens": 64, "decodes": 0, "gemm_us": 8000, "requests": [4]}},
    {"ph": "X", "name": "gemm", "pid": 2, "tid": 0, "ts": 1000, "dur": 8000},
    {"ph": "X", "name": "gemm", "pid": 2, "tid": 1001, "ts": 1000, "dur": 7000},
    {"ph": "X", "name": "step", "pid": 2, "tid": 0, "ts": 11000, "dur": 5000,
     "args": {"step": 1, "tokens": 1, "prompt_tokens": 0, "decodes": 1}},
    {"ph": "X", "name": "request 4", "pid": 1, "tid": 0, "ts": 0, "dur": 16000,
     "args": {"request": 4, "outcome": "completed", "input_tokens": 64, "output_tokens": 2}},
    {"ph": "X", "name": "queue", "pid": 1, "tid": 0, "ts": 0, "dur": 1000},
    {"ph": "X", "name": "prefill", "pid": 1, "tid": 0, "ts": 1000, "dur": 10000},
    {"ph": "X", "name": "decode", "pid": 1, "tid": 0, "ts": 11000, "dur": 5000}]})");
  file.commit();
  const ordered_json tables = timeline_tables(path);
  EXPECT_EQ(values(tables["steps"], "begin_ms"), ordered_json::array({1., 11.}));
  EXPECT_EQ(values(tables["steps"], "elapsed_ms"), ordered_json::array({10., 5.}));
  EXPECT_EQ(values(tables["steps"], "waiting"), ordered_json::array({3., nullptr}));
  EXPECT_EQ(values(tables["steps"], "gemm_ms"), ordered_json::array({8., nullptr}));
  EXPECT_EQ(values(tables["requests"], "prefill_ms"), ordered_json::array({10.}));
  EXPECT_EQ(values(tables["kernel_sums"], "total_ms"), ordered_json::array({8., 7.}));
  EXPECT_EQ(values(tables["kernels"], "rank"), ordered_json::array({0., 1.}));
}

TEST(TimelineTables, RefuseOtherTraces) {
  const std::string path = scratch("other.trace.json");
  OutputFile file(path);
  file.write(
      R"({"traceEvents": [{"ph": "X", "name": "main", "pid": 1, "tid": 1, "ts": 0, "dur": 1}]})");
  file.commit();
  EXPECT_THROW(timeline_tables(path), Error);
}

TEST(KernelRowsTable, NamesNestedKeysByTheirPath) {
  const ordered_json table = kernel_rows_table(ordered_json::parse(R"([
    {"id": "gemm/m=1", "axes": {"m": 1}, "tags": {}, "status": "timed", "absent": {"flops": "no"},
     "timing": {"median_ns": 5.5, "wall_ns": [5, 6]},
     "ratios": [{"to": "reference", "implementation": "loops", "speedup": 3, "low": 2, "high": 4, "pairs": 9}],
     "suspect": ["a", "b"]}])"));
  EXPECT_EQ(values(table, "axes.m"), ordered_json::array({1}));
  EXPECT_EQ(values(table, "timing.median_ns"), ordered_json::array({5.5}));
  EXPECT_EQ(values(table, "ratio.reference.speedup"), ordered_json::array({3}));
  EXPECT_EQ(table["columns"]["suspect"]["dictionary"][0], "a; b");
  EXPECT_FALSE(table["columns"].contains("absent.flops"));
}

}  // namespace
}  // namespace inferbench
