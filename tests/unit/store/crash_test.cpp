#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <set>
#include <string>
#include <thread>

#include "harness/base/error.hpp"
#include "harness/base/random.hpp"
#include "results/store/history_cache.hpp"
#include "sample_night.hpp"

namespace inferbench {
namespace {

namespace fs = std::filesystem;

constexpr int kKills = 200, kCannotTrace = 9;

// In a process of its own: adds nights from `first` on, as `history add` does, and tells each id
// on the pipe once add() has returned. Never returns.
[[noreturn]] void add_until_killed(const std::string& folder, int first, int told) {
  for (int day = first;; ++day) {
    HistoryStore store(folder);
    const std::string id = add_night(store, {.day = day, .ratio = 1 + day / 1e4});
    HistoryCache cache(store);
    const std::string line = id + "\n";
    if (::write(told, line.data(), line.size()) < 0) ::_exit(1);
  }
}

std::vector<std::string> lines_from(int file) {
  std::string text;
  std::array<char, 4096> part{};
  for (ssize_t got = 0; (got = ::read(file, part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  std::vector<std::string> lines;
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
       at = end + 1) {
    lines.push_back(text.substr(at, end - at));
  }
  return lines;
}

// Starts a writer, kills it after a time, and returns what it had told.
std::vector<std::string> killed_writer(const std::string& folder, int first,
                                       std::chrono::microseconds after) {
  std::array<int, 2> pipe{};
  if (::pipe(pipe.data()) != 0) throw std::runtime_error("pipe");
  const pid_t child = ::fork();
  if (child == 0) add_until_killed(folder, first, pipe[1]);
  ::close(pipe[1]);
  std::this_thread::sleep_for(after);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  const auto told = lines_from(pipe[0]);
  ::close(pipe[0]);
  return told;
}

// 200 times kill -9 at a random moment of adding to one store. Whatever was told to be added is
// there whole, nothing is there in half, and the database answers as one made from the files.
TEST(Crash, LosesNothingThatWasAcknowledged) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  RandomStream random = Random(7).stream("kills");
  std::size_t acknowledged = 0, repaired = 0;
  std::set<std::string> told;
  int day = 1;
  for (int kill = 0; kill < kKills; ++kill) {
    const auto after = std::chrono::microseconds(random.between(0, 40'000));
    const auto of_this = killed_writer(folder.path(), day, after);
    told.insert(of_this.begin(), of_this.end());
    HistoryStore store(folder.path());
    acknowledged += of_this.size();
    repaired += store.repairs().empty() ? 0U : 1U;
    for (const std::string& id : of_this) {
      ASSERT_TRUE(store.holds(id)) << id;
      ASSERT_TRUE(read_run_document(store.document(id), "night.json").run.id == id);
    }
    // At most the run that was under way is there beyond those told.
    ASSERT_GE(store.lines().size(), told.size());
    for (const auto& [id, line] : store.lines()) told.insert(id);
    day = static_cast<int>(told.size()) + 1;
  }
  HistoryStore store(folder.path());
  EXPECT_EQ(store.lines().size(), told.size());
  const std::size_t cached = HistoryCache(store).load().runs.size();
  EXPECT_TRUE(store.rebuild().empty());
  EXPECT_EQ(store.lines().size(), told.size());
  EXPECT_EQ(cached, told.size());
  std::cout << kKills << " kills: " << acknowledged << " runs acknowledged, all there; " << repaired
            << " times something was put right\n";
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    EXPECT_EQ(entry.path().string().find(".tmp."), std::string::npos) << entry.path();
  }
}

enum class Stopped { killed, finished, cannot_trace };

// In a process of its own: adds a night, and is killed where it enters or leaves a system call for
// the n-th time. Between two of these nothing reaches the disk.
Stopped add_killed_at(const std::string& folder, int day, int n) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(kCannotTrace);
    ::raise(SIGSTOP);
    HistoryStore store(folder);
    add_night(store, {.day = day});
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  for (int i = 0; i < n && WIFSTOPPED(status); ++i) {
    if (::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr) != 0) break;
    ::waitpid(child, &status, 0);
  }
  if (WIFEXITED(status)) {
    return WEXITSTATUS(status) == kCannotTrace ? Stopped::cannot_trace : Stopped::finished;
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, &status, 0);
  return Stopped::killed;
}

// Killed at every system call of an addition, one after another: the store opens each time, has
// all it had, and has the run that was under way either whole or not at all.
TEST(Crash, LeavesAWholeStoreAtEverySystemCall) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  std::size_t before = 0;
  int calls = 0, kept = 0;
  for (Stopped stopped = Stopped::killed; stopped == Stopped::killed; ++calls) {
    const int day = calls + 1;
    stopped = add_killed_at(folder.path(), day, calls);
    if (stopped == Stopped::cannot_trace) GTEST_SKIP() << "ptrace is not permitted here";
    HistoryStore store(folder.path());
    ASSERT_TRUE(store.lines().size() == before || store.lines().size() == before + 1) << calls;
    const std::string id = night_entry({.day = day}).run.id;
    ASSERT_EQ(store.holds(id), store.lines().size() == before + 1) << calls;
    if (store.holds(id)) {
      ASSERT_EQ(store.document(id), night_document({.day = day}));
      ++kept;
    }
    before = store.lines().size();
  }
  EXPECT_GT(kept, 1);  // some of those that were killed after the rename
  EXPECT_TRUE(HistoryStore(folder.path()).rebuild().empty());
  std::cout << calls - 1 << " system calls entered or left, " << kept << " runs kept\n";
}

// Two writers of 25 runs each at once: the lock lets one in at a time, and all 50 are there.
TEST(Crash, TwoWritersTakeTurns) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  std::array<pid_t, 2> children{};
  for (int writer = 0; writer < 2; ++writer) {
    children[static_cast<std::size_t>(writer)] = ::fork();
    if (children[static_cast<std::size_t>(writer)] != 0) continue;
    for (int day = 0; day < 25; ++day) {
      HistoryStore store(folder.path());
      add_night(store, {.day = 1 + 2 * day + writer});
    }
    ::_exit(0);
  }
  for (const pid_t child : children) {
    int status = 1;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  HistoryStore store(folder.path());
  EXPECT_EQ(store.lines().size(), 50U);
  EXPECT_TRUE(store.repairs().empty());
  EXPECT_EQ(HistoryCache(store).load().runs.size(), 50U);
}

// In a process whose files may not grow beyond `most` bytes, as on a full disk. Whether it failed
// as it should.
bool fails_beyond(rlim_t most, const std::string& folder, int day) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{most, most};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      HistoryStore store(folder);
      add_night(store, {.day = day});
    } catch (const Failure&) {
      ::_exit(3);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 3;
}

// A disk too full for the database: the answers are the same, from memory.
TEST(Crash, AFullDiskLeavesTheAnswers) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  {
    HistoryStore store(folder.path());
    for (int day = 1; day <= 5; ++day) add_night(store, {.day = day});
  }
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{5000, 5000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    HistoryStore store(folder.path());
    HistoryCache cache(store);
    ::_exit(cache.load().runs.size() == 5 && !cache.notes().empty() ? 0 : 1);
  }
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  HistoryStore store(folder.path());
  EXPECT_EQ(HistoryCache(store).load().runs.size(), 5U);
}

// A disk that fills up while the run's file is written, and one that does while the index's line
// is: neither adds anything, and both leave what was there.
TEST(Crash, AFullDiskAddsNothing) {
  const StoreFolder folder;
  HistoryStore::create(folder.path());
  {
    HistoryStore store(folder.path());
    for (int day = 1; day <= 5; ++day) add_night(store, {.day = day});
  }
  const auto index = fs::file_size(folder.file("index.jsonl"));
  EXPECT_TRUE(fails_beyond(100, folder.path(), 6));
  EXPECT_TRUE(fails_beyond(index + 10, folder.path(), 6));
  EXPECT_EQ(fs::file_size(folder.file("index.jsonl")), index);
  const HistoryStore store(folder.path());
  EXPECT_EQ(store.lines().size(), 5U);
  EXPECT_TRUE(store.repairs().empty());
}

}  // namespace
}  // namespace inferbench
