// What a year of history costs: 200 series over 365 nights loaded and screened. Reads and writes a
// store in a scratch folder.

#include <benchmark/benchmark.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "harness/base/random.hpp"
#include "results/provenance.hpp"
#include "results/sha256.hpp"
#include "results/store/history_cache.hpp"
#include "results/store/screen.hpp"

namespace inferbench {
namespace {

constexpr int kSeries = 200, kNights = 365;
constexpr std::int64_t kDayMs = 86'400'000, kFirstMs = 1'767'232'800'000;

std::string store_folder() {
  return (std::filesystem::temp_directory_path() / "inferbench_history_bench").string();
}

// Noise of about 1 %, an outlier a month, and in every tenth series a step of 5 %.
double ratio_of(int series, int night, RandomStream& random) {
  double sum = 0;
  for (int i = 0; i < 12; ++i) sum += random.uniform();
  double ratio = std::exp(0.01 * (sum - 6));
  if (random.below(30) == 0) ratio *= 1.1;
  return series % 10 == 0 && night > 350 ? 1.05 * ratio : ratio;
}

RunEntry night_of(int night, RandomStream& random) {
  RunEntry entry{.run = {.time_utc = utc_text(kFirstMs + night * kDayMs),
                         .suite = "nightly",
                         .kind = "comparison",
                         .method = "measured-host",
                         .commit = "c" + std::to_string(night),
                         .anchor = "anchor",
                         .hardware = "one, 2 CPUs"},
                 .points = {},
                 .document_sha256 = sha256_hex("{}")};
  for (int series = 0; series < kSeries; ++series) {
    const double ratio = ratio_of(series, night, random);
    entry.points.push_back({.series = {.suite = "nightly",
                                       .name = "kernel/series-" + std::to_string(series),
                                       .unit = "ns"},
                            .point = {.value = 1e5 * ratio,
                                      .ratio = ratio,
                                      .ratio_low = ratio - 0.01,
                                      .ratio_high = ratio + 0.01,
                                      .verdict = "pass"}});
  }
  entry.run.id = entry_id(entry);
  return entry;
}

// The index alone, as it is kept on a branch: one write instead of 365 synced ones.
void make_store() {
  std::filesystem::remove_all(store_folder());
  HistoryStore::create(store_folder());
  RandomStream random = Random(1).stream("history_bench");
  std::ofstream index(store_folder() + "/index.jsonl", std::ios::binary);
  for (int night = 0; night < kNights; ++night) {
    index << entry_line(night_of(night, random), "2026-01-01T00:00:00.000Z");
  }
}

void remove_cache() {
  for (const char* name : {"cache.sqlite", "cache.sqlite-wal", "cache.sqlite-shm"}) {
    std::filesystem::remove(store_folder() + "/" + name);
  }
}

std::size_t load_and_screen() {
  HistoryStore store(store_folder());
  HistoryCache cache(store);
  return screen_history(cache.load()).suspicions.size();
}

void finish_history(benchmark::State& state, std::size_t suspicions) {
  state.counters["suspicions"] = static_cast<double>(suspicions);
  state.SetItemsProcessed(state.iterations() * kSeries * kNights);
  std::filesystem::remove_all(store_folder());
}

// Each time from the index: the database is made anew.
void LoadAndScreenFromIndex(benchmark::State& state) {
  make_store();
  std::size_t suspicions = 0;
  for (auto _ : state) {
    state.PauseTiming();
    remove_cache();
    state.ResumeTiming();
    suspicions = load_and_screen();
  }
  finish_history(state, suspicions);
}
BENCHMARK(LoadAndScreenFromIndex)->Unit(benchmark::kMillisecond);

// From the database, as on every day but the first.
void LoadAndScreen(benchmark::State& state) {
  make_store();
  std::size_t suspicions = load_and_screen();
  for (auto _ : state) suspicions = load_and_screen();
  finish_history(state, suspicions);
}
BENCHMARK(LoadAndScreen)->Unit(benchmark::kMillisecond);

// A night with 200 numbers, both files synced.
void AddANight(benchmark::State& state) {
  make_store();
  RandomStream random = Random(2).stream("history_bench");
  int night = kNights;
  for (auto _ : state) {
    HistoryStore store(store_folder());
    store.add(night_of(++night, random), "{}");
  }
  std::filesystem::remove_all(store_folder());
}
BENCHMARK(AddANight)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace inferbench
