#include "results/store/history_cache.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/random.hpp"
#include "results/store/history_report.hpp"
#include "sample_night.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;

std::string answers(const StoreFolder& folder) {
  HistoryStore store(folder.path());
  HistoryCache cache(store);
  const History history = cache.load();
  const HistoryScreen screen = screen_history(history);
  const ScreenView view{.store = "S"};
  return history_json_text(history, screen, view) + history_csv(history) +
         runs_text(history, store) + series_text(history) + screen_text(history, screen, view);
}

// Forty nights with a step, added in no order, with notes.
void fill(const StoreFolder& folder) {
  HistoryStore::create(folder.path());
  HistoryStore store(folder.path());
  RandomStream random = Random(3).stream("nights");
  for (int i = 0; i < 40; ++i) {
    const int day = 1 + i * 7 % 40;
    add_night(store, {.day = day,
                      .ratio = (day > 25 ? 1.06 : 1.0) + 0.004 * random.uniform(),
                      .modelled = day > 30 ? 7100 : 7000});
  }
  store.add(HistoryNote{
      .kind = NoteKind::remark, .time_utc = "2026-01-10T00:00:00.000Z", .text = "a, \"b\"\n<c>"});
}

void remove_cache(const StoreFolder& folder) {
  for (const char* name : {"cache.sqlite", "cache.sqlite-wal", "cache.sqlite-shm"}) {
    fs::remove(folder.file(name));
  }
}

TEST(HistoryCache, AnswersTheSameAfterARebuild) {
  const StoreFolder folder;
  fill(folder);
  const std::string before = answers(folder);
  EXPECT_EQ(answers(folder), before);
  remove_cache(folder);
  EXPECT_EQ(answers(folder), before);
  fs::remove(folder.file("index.jsonl"));
  remove_cache(folder);
  EXPECT_EQ(answers(folder), before);
  HistoryStore(folder.path()).rebuild();
  EXPECT_EQ(answers(folder), before);
}

// Run by run into one cache gives what one cache of all runs at once gives.
TEST(HistoryCache, GrowsAsItWouldBeMade) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  std::string grown;
  for (int day = 1; day <= 6; ++day) {
    HistoryStore store(folder.path());
    add_night(store, {.day = day, .ratio = 1 + day / 100.0});
    HistoryCache cache(store);
    grown = history_csv(cache.load());
  }
  remove_cache(folder);
  HistoryStore store(folder.path());
  EXPECT_EQ(history_csv(HistoryCache(store).load()), grown);
}

TEST(HistoryCache, ReplacesADamagedDatabase) {
  const StoreFolder folder;
  fill(folder);
  const std::string before = answers(folder);
  for (const std::string& rubbish : {std::string("not a database, but long enough to be one ...."),
                                     std::string(8192, 'x'), std::string()}) {
    remove_cache(folder);
    std::ofstream(folder.file("cache.sqlite"), std::ios::binary) << rubbish;
    EXPECT_EQ(answers(folder), before);
  }
  // A page in the middle is overwritten.
  {
    std::fstream file(folder.file("cache.sqlite"), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(3 * 4096);
    file << std::string(4096, '\x55');
  }
  EXPECT_EQ(answers(folder), before);
}

// A database of a newer program is left alone; one of an older program is brought up to date.
TEST(HistoryCache, KnowsVersions) {
  const StoreFolder folder;
  fill(folder);
  const std::string before = answers(folder);
  Database(folder.file("cache.sqlite")).execute("PRAGMA user_version = 99");
  EXPECT_EQ(answers(folder), before);
  {
    HistoryStore store(folder.path());
    ASSERT_EQ(HistoryCache(store).notes().size(), 1U);
  }
  Database(folder.file("cache.sqlite"))
      .execute("DROP TABLE note; DROP INDEX point_by_run; PRAGMA user_version = 1");
  EXPECT_EQ(answers(folder), before);
  Database migrated(folder.file("cache.sqlite"));
  const auto version = migrated.prepare("PRAGMA user_version");
  ASSERT_TRUE(version->step());
  EXPECT_EQ(version->integer(0), 2);
}

TEST(HistoryCache, FiltersBySeriesAndTime) {
  const StoreFolder folder;
  fill(folder);
  HistoryStore store(folder.path());
  HistoryCache cache(store);
  const History history = cache.load({.series = "smoke/kernel/*", .since = "2026-02"});
  ASSERT_EQ(history.series.size(), 2U);
  EXPECT_EQ(history.series[0].series.name, "kernel/attention");
  EXPECT_EQ(history.runs.size(), 9U);  // 1 to 9 February
  EXPECT_EQ(history.series[1].points.size(), 9U);
  EXPECT_EQ(history.series[1].points.front().run, 0U);
}

TEST(Matches, StarsAndQuestionMarks) {
  EXPECT_TRUE(matches("", ""));
  EXPECT_TRUE(matches("*", "anything"));
  EXPECT_TRUE(matches("a*c*e", "abcde"));
  EXPECT_TRUE(matches("a?c", "abc"));
  EXPECT_FALSE(matches("a?c", "ac"));
  EXPECT_FALSE(matches("a*c", "abcd"));
  EXPECT_FALSE(matches("", "a"));
}

}  // namespace
}  // namespace inferbench
