#include "sample_run.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace inferbench {
namespace {

Time at_ms(std::int64_t ms) {
  return Time(std::chrono::milliseconds(ms));
}

RequestRecord record(std::uint64_t id, std::int64_t due, std::int64_t sent, std::int64_t input,
                     std::vector<std::int64_t> tokens) {
  RequestRecord out;
  out.id = RequestId(id);
  out.session = SessionId(id);
  out.outcome = Outcome::completed;
  out.input = Tokens(input);
  out.output = Tokens(static_cast<std::int64_t>(tokens.size()));
  out.scheduled = at_ms(due);
  out.issued = at_ms(sent);
  out.admitted = at_ms(sent);
  for (const std::int64_t token : tokens) out.token_times.push_back(at_ms(token));
  out.ended = out.token_times.back();
  return out;
}

DistributionMetric ttft() {
  return {.id = "ttft",
          .unit = "ms",
          .definition = "first output token minus scheduled arrival; queueing included",
          .better = Better::lower,
          .count = 4,
          .mean = 287.5,
          .stddev = 160.08,
          .min = 100,
          .max = 500,
          .quantiles = {{50, 275.0}, {90, 425.0}, {99.9, std::nullopt}}};
}

ScalarMetric scalar(const std::string& id, const std::string& unit, std::optional<double> value) {
  return {.id = id,
          .unit = unit,
          .definition = "what " + id + " is",
          .better = Better::higher,
          .value = value,
          .absent_because = value ? "" : "no steady state"};
}

}  // namespace

std::vector<RequestRecord> sample_records() {
  RequestRecord rejected;
  rejected.id = RequestId(3);
  rejected.session = SessionId(3);
  rejected.outcome = Outcome::rejected;
  rejected.input = Tokens(9999);
  rejected.output = Tokens(10);
  rejected.scheduled = rejected.issued = rejected.ended = at_ms(250);
  return {record(0, 0, 0, 100, {100, 120, 150}), record(1, 50, 100, 200, {300, 340}),
          record(2, 200, 200, 50, {500}), rejected,
          record(4, 500, 500, 650, {1000, 1250, 1500, 1750, 2000})};
}

Provenance sample_provenance() {
  Provenance provenance;
  provenance.build = {.version = "0.1.0",
                      .git_commit = std::string(40, 'a'),
                      .git_dirty = false,
                      .compiler = "GNU 12.2.0",
                      .flags = "-O3",
                      .build_type = "Release"};
  provenance.command_line = {"inferbench", "replay", "--seed", "7"};
  provenance.started_utc = "2026-11-21T09:30:00.000Z";
  provenance.finished_utc = "2026-11-21T09:30:01.250Z";
  provenance.seed = 7;
  provenance.inputs = {
      {.role = "workload", .name = "code.csv", .bytes = 12, .sha256 = std::string(64, 'b')}};
  provenance.host = HostInfo{};
  provenance.host->cpu = "Some CPU";
  provenance.host->logical_cpus = 2;
  provenance.host->settings = {{"turbo", "on"}};
  provenance.host->variables = {{"OMP_NUM_THREADS", "2"}};
  provenance.host->state = {{"steal_ticks", "1"}};
  provenance.host->state_at_end = {{"steal_ticks", "2"}};
  provenance.host->caches = {{.level = 1, .type = "Data", .bytes = 32768}};
  return provenance;
}

RunResult sample_result() {
  Summary summary;
  summary.outcomes = {.requests = 5, .completed = 4, .rejected = 1};
  summary.percentile_method = "linear";
  summary.distributions = {ttft()};
  summary.scalars = {scalar("request_goodput", "requests/s", 1.5),
                     scalar("tps_user_sys", "tokens/s", std::nullopt)};
  summary.windows = {{.name = "full",
                      .definition = "first request due to last request ended",
                      .found = true,
                      .begin = at_ms(0),
                      .end = at_ms(2000),
                      .rates = {scalar("output_tps_gpu", "tokens/s", 1.375)}},
                     {.name = "steady",
                      .definition = "longest stretch at 90 % of the peak concurrency",
                      .found = false,
                      .begin = {},
                      .end = {},
                      .rates = {scalar("output_tps_gpu", "tokens/s", std::nullopt)}}};
  summary.headline_window = "full";
  summary.slo = {{.constraint = "ttft_p99 <= 2000 ms",
                  .attained = std::nullopt,
                  .met = false,
                  .share_of_requests = 1}};
  summary.validity = {.valid = false,
                      .reasons = {{.id = "too_few_samples",
                                   .text = "p99 needs 459 requests, 4 completed",
                                   .invalidates = true}}};
  const nlohmann::ordered_json configuration = {
      {"deployment",
       {{"model", "llama-3-70b"},
        {"gpu", "h100"},
        {"gpus", 4},
        {"parallel", {{"tp", 4}, {"cp", 1}, {"ep", 1}, {"pp", 1}, {"dp", 1}}},
        {"precision", {{"attention", "fp8"}, {"experts", "fp8"}}}}},
      {"workload",
       {{"spec", "sample"}, {"concurrency", 2}, {"isl_tokens", 250}, {"osl_tokens", 3}}}};
  return make_run_result(Method::modelled, configuration, std::move(summary), sample_provenance());
}

std::string scratch(const std::string& name) {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  return ::testing::TempDir() + test->test_suite_name() + "_" + test->name() + "_" + name;
}

}  // namespace inferbench
