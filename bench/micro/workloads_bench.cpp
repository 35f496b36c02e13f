// Reading speed of every trace format, over generated text in memory: parsing, not the disk. The
// counter bytes_per_second is what the reader consumed.
//
//   bench_workloads --benchmark_counters_tabular=true

#include <benchmark/benchmark.h>
#include <filesystem>
#include <fstream>
#include <string>

#include "harness/base/random.hpp"
#include "workloads/load.hpp"
#include "workloads/synthetic/conversations.hpp"
#include "workloads/traces/readers.hpp"
#include "workloads/traces/workload_jsonl.hpp"

namespace inferbench {
namespace {

constexpr int kRows = 200'000;

std::string two_digits(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

std::string azure_text() {
  RandomStream random(1, "azure");
  std::string text = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n";
  for (std::int64_t row = 0; row < kRows; ++row) {
    const std::int64_t second = row / 3;
    text += "2023-11-16 " + two_digits(second / 3600 % 24) + ":" + two_digits(second / 60 % 60) +
            ":" + two_digits(second % 60) + "." + std::to_string(1'000'000 + row % 3 * 1000) + "," +
            std::to_string(random.between(1, 8000)) + "," + std::to_string(random.between(1, 999)) +
            "\r\n";
  }
  return text;
}

std::string burstgpt_text() {
  RandomStream random(1, "burstgpt");
  std::string text =
      "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,"
      "Log Type\n";
  for (std::int64_t row = 0; row < kRows; ++row) {
    const std::int64_t input = random.between(1, 4000), output = random.between(1, 900);
    text += std::to_string(row) + ".5,,3.25,GPT-4," + std::to_string(input) + "," +
            std::to_string(output) + "," + std::to_string(input + output) + ",API log\n";
  }
  return text;
}

// Rows like Mooncake's: about 25 hash_ids each.
std::string mooncake_text() {
  RandomStream random(1, "mooncake");
  std::string text;
  for (std::int64_t row = 0; row < kRows / 10; ++row) {
    const std::int64_t blocks = random.between(1, 50);
    text += "{\"timestamp\": " + std::to_string(row * 300) +
            ", \"input_length\": " + std::to_string(blocks * 512) +
            ", \"output_length\": " + std::to_string(random.between(1, 900)) + ", \"hash_ids\": [";
    for (std::int64_t block = 0; block < blocks; ++block) {
      text += (block > 0 ? ", " : "") + std::to_string(random.below(200'000));
    }
    text += "]}\n";
  }
  return text;
}

std::string own_text(bool blocks) {
  const auto stream = generate_conversations({.input = uniform_length(1, 8000),
                                              .output = uniform_length(1, 900),
                                              .pairs = {},
                                              .turns = {},
                                              .prefix = {},
                                              .groups = 1,
                                              .skew = 0,
                                              .block_tokens = Tokens(blocks ? 512 : 0)},
                                             1);
  std::string text = workload_jsonl_header({.name = "bench",
                                            .source = "bench",
                                            .block_tokens = stream->block_tokens(),
                                            .requests = {},
                                            .concurrency = {},
                                            .conversations = false,
                                            .notes = {}});
  Request request;
  for (int row = 0; row < kRows / (blocks ? 10 : 1); ++row) {
    stream->next(request);
    request.arrival = Time(Duration(row * 1'000'003LL));
    request.max_output = Tokens(900);
    append_workload_jsonl(text, request, false);
  }
  return text;
}

using Read = std::unique_ptr<RequestStream> (*)(std::unique_ptr<ByteSource>, const TraceOptions&);

void read_format(benchmark::State& state, Read read, const std::string& text) {
  std::uint64_t rows = 0;
  for (auto _ : state) {
    const auto stream = read(open_text("bench", text), {});
    Request request;
    while (stream->next(request)) ++rows;
    benchmark::DoNotOptimize(request);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
  state.counters["rows/s"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kIsRate);
}

void ReadAzureCsv(benchmark::State& state) {
  static const std::string text = azure_text();
  read_format(state, read_azure, text);
}
void ReadBurstGptCsv(benchmark::State& state) {
  static const std::string text = burstgpt_text();
  read_format(state, read_burstgpt, text);
}
void ReadMooncakeJsonl(benchmark::State& state) {
  static const std::string text = mooncake_text();
  read_format(state, read_mooncake, text);
}
void ReadOwnJsonl(benchmark::State& state) {
  static const std::string text = own_text(false);
  read_format(state, read_workload_jsonl, text);
}
void ReadOwnJsonlWithBlocks(benchmark::State& state) {
  static const std::string text = own_text(true);
  read_format(state, read_workload_jsonl, text);
}
BENCHMARK(ReadAzureCsv);
BENCHMARK(ReadBurstGptCsv);
BENCHMARK(ReadMooncakeJsonl);
BENCHMARK(ReadOwnJsonl);
BENCHMARK(ReadOwnJsonlWithBlocks);

// A whole open_source of a file on disk: two passes, checks, order and the source itself.
void OpenSourceAzureFile(benchmark::State& state) {
  const std::string text = azure_text();
  const std::string path =
      (std::filesystem::temp_directory_path() / "inferbench_workloads_bench.csv").string();
  std::ofstream(path, std::ios::binary) << text;
  for (auto _ : state) {
    const auto source = open_source("azure:" + path, {});
    while (source->next_arrival() != kNever) benchmark::DoNotOptimize(source->pop());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
  std::filesystem::remove(path);
}
BENCHMARK(OpenSourceAzureFile);

void GeneratePoisson(benchmark::State& state) {
  for (auto _ : state) {
    const auto source = open_source(
        "poisson:rate=2,isl=lognormal(1000,1),osl=lognormal(200,1),requests=100000", {});
    while (source->next_arrival() != kNever) benchmark::DoNotOptimize(source->pop());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * 100'000);
}
BENCHMARK(GeneratePoisson);

}  // namespace
}  // namespace inferbench
