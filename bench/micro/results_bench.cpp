// What a result costs: request records written and read per second, and the check of a large file.

#include <benchmark/benchmark.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/base/random.hpp"
#include "results/request_records.hpp"
#include "results/validate.hpp"

namespace inferbench {
namespace {

constexpr std::int64_t kRequests = 10'000;
constexpr std::int64_t kTokens = 200;

std::string scratch_file() {
  return (std::filesystem::temp_directory_path() / "inferbench_results_bench.jsonl").string();
}

// Chat-like: 200 tokens, some 20 ms apart.
std::vector<RequestRecord> chat_records() {
  std::vector<RequestRecord> records(kRequests);
  RandomStream random = Random(1).stream("results_bench");
  for (std::size_t i = 0; i < records.size(); ++i) {
    RequestRecord& record = records[i];
    record.id = RequestId(i);
    record.session = SessionId(i);
    record.outcome = Outcome::completed;
    record.input = Tokens(random.between(1, 4000));
    record.output = Tokens(kTokens);
    record.scheduled = record.issued = Time(std::chrono::milliseconds(10 * i));
    record.admitted = record.ended = record.issued;
    for (std::int64_t token = 0; token < kTokens; ++token) {
      record.ended += Duration(random.between(15'000'000, 25'000'000));
      record.token_times.push_back(record.ended);
    }
  }
  return records;
}

RecordsReference write_all(const std::vector<RequestRecord>& records) {
  RecordWriter writer(scratch_file());
  for (const RequestRecord& record : records) writer.write(record);
  return writer.commit();
}

void count_file(benchmark::State& state) {
  const auto bytes = static_cast<std::int64_t>(std::filesystem::file_size(scratch_file()));
  state.SetBytesProcessed(state.iterations() * bytes);
  state.SetItemsProcessed(state.iterations() * kRequests);
  std::filesystem::remove(scratch_file());
}

void WriteRecords(benchmark::State& state) {
  const std::vector<RequestRecord> records = chat_records();
  for (auto _ : state) benchmark::DoNotOptimize(write_all(records));
  count_file(state);
}
BENCHMARK(WriteRecords)->Unit(benchmark::kMillisecond);

void ReadRecords(benchmark::State& state) {
  write_all(chat_records());
  for (auto _ : state) {
    std::size_t tokens = 0;
    for_each_record(scratch_file(),
                    [&](const RequestRecord& record) { tokens += record.token_times.size(); });
    benchmark::DoNotOptimize(tokens);
  }
  count_file(state);
}
BENCHMARK(ReadRecords)->Unit(benchmark::kMillisecond);

void HashFile(benchmark::State& state) {
  write_all(chat_records());
  for (auto _ : state) benchmark::DoNotOptimize(sha256_of_file(scratch_file()));
  count_file(state);
}
BENCHMARK(HashFile)->Unit(benchmark::kMillisecond);

// 70 configurations x 37 chunk sizes.
RunResult large_sweep() {
  nlohmann::ordered_json points = nlohmann::ordered_json::array();
  for (int i = 0; i < 70 * 37; ++i) {
    points.push_back({{"parallel", "TP2EP16PP2"},
                      {"chunk_tokens", 128 + i},
                      {"tps_user", 20.25 + i},
                      {"tps_gpu", 141.5 - i},
                      {"ttft_ms", 1.0 / (1 + i)},
                      {"fits", true}});
  }
  Provenance provenance;
  provenance.build.version = "bench";
  provenance.started_utc = provenance.finished_utc = utc_text(0);
  return make_sweep_result(Method::modelled, nlohmann::ordered_json::object(), points, {}, {},
                           provenance);
}

void WriteSweepText(benchmark::State& state) {
  const RunResult sweep = large_sweep();
  for (auto _ : state) benchmark::DoNotOptimize(to_json_text(sweep));
}
BENCHMARK(WriteSweepText)->Unit(benchmark::kMillisecond);

void ValidateSweep(benchmark::State& state) {
  const std::string text = to_json_text(large_sweep());
  for (auto _ : state) benchmark::DoNotOptimize(validate_run_result(text));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(ValidateSweep)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace inferbench
