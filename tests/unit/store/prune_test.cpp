#include "results/store/prune.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/base/error.hpp"
#include "results/store/history_cache.hpp"
#include "results/store/history_report.hpp"
#include "sample_night.hpp"

namespace inferbench {
namespace {

// Twelve nights, a new anchor from the fifth, a note on the third.
struct Nights {
  StoreFolder folder;
  std::vector<std::string> ids;

  Nights() {
    HistoryStore::create(folder.path());
    HistoryStore store(folder.path());
    for (int day = 1; day <= 12; ++day) {
      ids.push_back(add_night(store, {.day = day, .anchor = day < 5 ? "old" : "new"}));
    }
    store.add(HistoryNote{.kind = NoteKind::acknowledged,
                          .time_utc = "2026-01-03T02:00:00.000Z",
                          .run = ids[2],
                          .text = "known"});
  }
};

// Of the nine oldest the first (anchor old), third (note) and fifth (anchor new) stay.
TEST(Prune, KeepsWhatOthersRestOn) {
  const Nights nights;
  HistoryStore store(nights.folder.path());
  const History history = HistoryCache(store).load();
  const PrunePlan plan = plan_prune(store, history, {.newest = 3});
  const std::vector<std::string>& ids = nights.ids;
  EXPECT_EQ(plan.drop, (std::vector<std::string>{ids[1], ids[3], ids[5], ids[6], ids[7], ids[8]}));
  ASSERT_EQ(plan.kept.size(), 3U);
  EXPECT_EQ(plan.kept[0].reason, "the first with anchor old");
  EXPECT_EQ(plan.kept[1].reason, "a note is on it");
}

TEST(Prune, TakesDocumentsAndLeavesNumbers) {
  const Nights nights;
  HistoryStore store(nights.folder.path());
  const std::string before = history_csv(HistoryCache(store).load());
  prune(store,
        plan_prune(store, HistoryCache(store).load(), {.before_utc = "2026-01-03T00:00:00.000Z"}));
  EXPECT_FALSE(store.has_document(nights.ids[1]));
  EXPECT_THROW(static_cast<void>(store.document(nights.ids[1])), Error);
  EXPECT_TRUE(store.rebuild().empty());
  EXPECT_EQ(history_csv(HistoryCache(store).load()), before);
  EXPECT_TRUE(
      plan_prune(store, HistoryCache(store).load(), {.before_utc = "2026-01-03T00:00:00.000Z"})
          .drop.empty());
}

TEST(Prune, TakesWholeRunsForGood) {
  const Nights nights;
  {
    HistoryStore store(nights.folder.path());
    prune(store, plan_prune(store, HistoryCache(store).load(), {.newest = 3, .whole_runs = true}));
  }
  HistoryStore store(nights.folder.path());
  EXPECT_TRUE(store.repairs().empty());
  EXPECT_EQ(HistoryCache(store).load().runs.size(), 6U);
  EXPECT_EQ(HistoryCache(store).load().notes.size(), 1U);
}

}  // namespace
}  // namespace inferbench
