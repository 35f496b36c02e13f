#include "results/store/run_store.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "results/store/history_cache.hpp"
#include "sample_night.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;

void append(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::app | std::ios::binary) << text;
}

void replace_in(const std::string& path, const std::string& from, const std::string& to) {
  std::string text = read_file(path);
  const std::size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, from.size(), to);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::string run_file(const StoreFolder& folder, const std::string& id) {
  return folder.file("runs/2026/01/" + id + ".json");
}

TEST(RunStore, KeepsADocumentByteForByte) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  const std::string document = night_document({.day = 2, .ratio = 1.5});
  std::string id;
  {
    HistoryStore store(folder.path());
    id = add_night(store, {.day = 2, .ratio = 1.5});
  }
  const HistoryStore store(folder.path());
  EXPECT_TRUE(store.repairs().empty());
  EXPECT_EQ(store.document(id), document);
  const auto file = nlohmann::json::parse(read_file(run_file(folder, id)));
  EXPECT_EQ(file["entry"]["id"], id);
  EXPECT_EQ(file["document"]["suite"], "smoke");
}

TEST(RunStore, AddingTwiceAddsOnce) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  HistoryStore store(folder.path());
  EXPECT_TRUE(store.add(night_entry({}), night_document({})).is_new);
  EXPECT_FALSE(store.add(night_entry({}), night_document({})).is_new);
  EXPECT_EQ(store.lines().size(), 1U);
}

// A power loss while a line was written: it is cut, or its tail is zeros. The file is there, so
// the run is found again; the lines before are as they were.
TEST(RunStore, ATornLineIsRepaired) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  {
    HistoryStore store(folder.path());
    add_night(store, {.day = 1});
    add_night(store, {.day = 2});
  }
  const std::string whole = read_file(folder.file("index.jsonl"));
  for (const std::string& tail : {whole.substr(0, whole.size() - 40),
                                  whole.substr(0, whole.size() - 40) + std::string(39, '\0') + "\n",
                                  whole.substr(0, whole.size() - 1), std::string()}) {
    std::ofstream(folder.file("index.jsonl"), std::ios::binary | std::ios::trunc) << tail;
    const HistoryStore store(folder.path());
    EXPECT_FALSE(store.repairs().empty());
    EXPECT_EQ(store.lines().size(), 2U);
    EXPECT_EQ(read_file(folder.file("index.jsonl")), whole);
  }
}

// A crash between file and line, and one before the rename.
TEST(RunStore, AFileWithoutALineIsFoundAgain) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  std::string id;
  {
    HistoryStore store(folder.path());
    id = add_night(store, {});
  }
  fs::remove(folder.file("index.jsonl"));
  append(run_file(folder, "20260102T0-half") + ".tmp.77", "{\"entry\": {\"crc");
  const HistoryStore store(folder.path());
  EXPECT_TRUE(store.holds(id));
  EXPECT_EQ(store.repairs().size(), 1U);
  EXPECT_FALSE(fs::exists(run_file(folder, "20260102T0-half") + ".tmp.77"));
}

TEST(RunStore, ADamagedRunIsToldAndTheRestIsThere) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  std::string first, second;
  {
    HistoryStore store(folder.path());
    first = add_night(store, {.day = 1});
    second = add_night(store, {.day = 2});
  }
  replace_in(run_file(folder, first), "\"document\": {\"schema\"", "\"document\": {\"schemX\"");
  HistoryStore store(folder.path());
  EXPECT_THROW(store.document(first), Error);
  EXPECT_EQ(store.document(second), night_document({.day = 2}));
  const auto damaged = store.rebuild();
  ASSERT_EQ(damaged.size(), 1U);
  EXPECT_NE(damaged[0].find(first), std::string::npos);
  EXPECT_TRUE(store.holds(first));  // its numbers are whole
  replace_in(run_file(folder, first), "\"time\"", "\"tame\"");
  EXPECT_EQ(store.rebuild().size(), 1U);
  EXPECT_FALSE(store.holds(first));
}

TEST(RunStore, RefusesOtherFoldersAndNewerStores) {
  const StoreFolder folder;
  EXPECT_THROW(HistoryStore{folder.path()}, Error);
  fs::create_directories(folder.path());
  append(folder.file("thesis.txt"), "x");
  EXPECT_THROW(HistoryStore::create(folder.path()), Error);
  fs::remove(folder.file("thesis.txt"));
  HistoryStore::create(folder.path());
  EXPECT_NO_THROW(HistoryStore::create(folder.path()));
  replace_in(folder.file("store.json"), "1.0.0", "2.0.0");
  try {
    const HistoryStore store(folder.path());
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("version 2.0.0"), std::string::npos);
  }
  append(folder.file("store.json"), "}");
  EXPECT_THROW(HistoryStore{folder.path()}, Error);
}

// A whole line of an entry that only a newer program knows.
TEST(RunStore, RefusesNewerEntries) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  const std::string line = entry_line(night_entry({}), "2026-01-01T00:00:00.000Z");
  EXPECT_NO_THROW(parse_entry(line, "x"));
  std::string newer = line;
  newer.replace(newer.find("\"version\":1"), 11, "\"version\":9");
  EXPECT_THROW(parse_entry(newer, "x"), Error);
  EXPECT_FALSE(intact_id(newer));
  EXPECT_TRUE(intact_id(line));
}

}  // namespace
}  // namespace inferbench
