#include "results/gate/instructions.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "workloads/text_values.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to us

namespace inferbench {
namespace {

constexpr int kRunsMore = 2;
constexpr useconds_t kPoll = 2000;

// A file in memory that is gone with the object.
class MemoryFile {
 public:
  explicit MemoryFile(const std::string& text) : fd_(memfd_create("callgrind", MFD_CLOEXEC)) {
    const bool written =
        fd_ >= 0 && write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (!written || lseek(fd_, 0, SEEK_SET) != 0) throw WorkerFailure("no memory for its input");
  }
  ~MemoryFile() {
    if (fd_ >= 0) close(fd_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int fd() const { return fd_; }

  std::string text() const {
    std::string all(static_cast<std::size_t>(std::max<off_t>(0, lseek(fd_, 0, SEEK_END))), '\0');
    const ssize_t count = pread(fd_, all.data(), all.size(), 0);
    all.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return all;
  }

 private:
  int fd_;
};

// Waits for the child; ends it when that takes longer.
int status_of(pid_t child, Duration patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() < deadline) {
      usleep(kPoll);
      continue;
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    throw WorkerFailure("did not end within " + duration_text(patience) + " under callgrind");
  }
  return status;
}

// What the program writes to standard error when it is given `input`.
std::string errors_of(std::vector<std::string> command, const std::string& input,
                      Duration patience) {
  const MemoryFile in(input), errors("");
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.fd(), STDIN_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, errors.fd(), STDERR_FILENO);
  pid_t child = 0;
  const int failed = posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw WorkerFailure(std::string("cannot be started: ") + std::strerror(failed));
  const int status = status_of(child, patience);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw WorkerFailure("did not end well under callgrind");
  }
  return errors.text();
}

// Of the last line "==12== Collected : 123456".
std::int64_t collected(const std::string& errors) {
  constexpr std::string_view kWord = "Collected : ";
  const std::size_t at = errors.rfind(kWord);
  std::int64_t count = 0;
  if (at != std::string::npos) {
    const char* begin = errors.data() + at + kWord.size();
    const auto [end, error] = std::from_chars(begin, errors.data() + errors.size(), count);
    if (error == std::errc() && count > 0) return count;
  }
  throw WorkerFailure("callgrind said no count");
}

std::int64_t instructions_of(const std::vector<std::string>& worker, std::size_t series, int runs,
                             Duration patience) {
  std::vector<std::string> command = {"valgrind", "--tool=callgrind", "--trace-children=yes",
                                      "--callgrind-out-file=/dev/null"};
  command.insert(command.end(), worker.begin(), worker.end());
  const std::string index = std::to_string(series);
  std::string commands = "open " + index + "\n";
  for (int i = 0; i < runs; ++i) commands += "run " + index + " 1\n";
  return collected(errors_of(std::move(command), commands, patience));
}

// The place of a name in a worker's list; its size: not there.
std::size_t place_of(const CountedProgram& program, const std::string& series) {
  const auto found = std::find(program.series.begin(), program.series.end(), series);
  return static_cast<std::size_t>(found - program.series.begin());
}

}  // namespace

std::string callgrind_missing() {
  const char* path = std::getenv("PATH");
  std::string folders = path == nullptr ? "" : path;
  for (std::size_t begin = 0; begin <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', begin), folders.size());
    const std::string file = folders.substr(begin, end - begin) + "/valgrind";
    if (access(file.c_str(), X_OK) == 0) return "";
    begin = end + 1;
  }
  return "needs valgrind, which is not in PATH";
}

std::int64_t instructions_per_run(const std::vector<std::string>& worker, std::size_t series,
                                  Duration patience) {
  const std::int64_t once = instructions_of(worker, series, 1, patience);
  return (instructions_of(worker, series, 1 + kRunsMore, patience) - once) / kRunsMore;
}

void add_instruction_counts(const CountedProgram& baseline, const CountedProgram& candidate,
                            Duration patience, GateComparison& comparison) {
  const std::string missing = callgrind_missing();
  for (const SeriesResult& series : comparison.series) {
    const std::string name = series.name + "/instructions";
    if (!missing.empty()) {
      comparison.skipped.push_back({name, missing});
      continue;
    }
    const std::size_t a = place_of(baseline, series.name), b = place_of(candidate, series.name);
    if (a == baseline.series.size() || b == candidate.series.size()) continue;
    try {
      comparison.exact.push_back({.name = name,
                                  .baseline = instructions_per_run(baseline.command, a, patience),
                                  .candidate = instructions_per_run(candidate.command, b, patience),
                                  .tolerance = comparison.rule.margin});
    } catch (const WorkerFailure& failure) {
      comparison.skipped.push_back({name, failure.what()});
    }
  }
}

}  // namespace inferbench
