#include "results/gate/worker_process.hpp"

#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

#include "results/gate/worker_protocol.hpp"
#include "workloads/text_values.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to us

namespace inferbench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kLongestLine = 1 << 20;  // more is not an answer
constexpr std::size_t kShownErrors = 400;      // bytes of standard error
constexpr const char* kPadding = "INFERBENCH_PADDING=";

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void take(int fd) { fd_ = fd; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

std::string system_error(const char* what) {
  return std::string(what) + ": " + std::strerror(errno);
}

// The environment with so many bytes more.
std::vector<std::string> padded_environment(std::size_t padding) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (std::strncmp(*variable, kPadding, std::strlen(kPadding)) != 0) {
      variables.emplace_back(*variable);
    }
  }
  variables.push_back(kPadding + std::string(padding, 'x'));
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  list.reserve(words.size() + 1);
  for (std::string& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

std::string end_text(int status) {
  if (WIFSIGNALED(status)) {
    return std::string("was ended by signal ") + std::to_string(WTERMSIG(status)) + " (" +
           strsignal(WTERMSIG(status)) + ")";
  }
  return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

// One child and the socket that is its standard input and output.
class WorkerProcess final : public GateWorker {
 public:
  WorkerProcess(const WorkerProgram& program, const WorkerLaunch& launch)
      : patience_(program.patience) {
    start(program, launch);
    try {
      hello_ = parse_hello(read_line());
    } catch (...) {
      end();
      throw;
    }
  }
  ~WorkerProcess() override { end(); }
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  const WorkerHello& hello() const override { return hello_; }
  std::string code_hash() override { return parse_code(ask("code")); }
  OpenedSeries open(std::size_t series, bool check) override {
    const std::string command = "open " + std::to_string(series) + (check ? " check" : "");
    return parse_opened(ask(command), series);
  }
  SliceTime run(std::size_t series, std::int64_t times) override {
    return parse_slice(ask("run " + std::to_string(series) + " " + std::to_string(times)), series);
  }

 private:
  void start(const WorkerProgram& program, const WorkerLaunch& launch) {
    int ends[2] = {};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
      throw WorkerFailure(system_error("no socket for it"));
    }
    socket_.take(ends[0]);
    const Descriptor theirs(ends[1]);
    errors_.take(memfd_create("worker_stderr", MFD_CLOEXEC));

    std::vector<std::string> words = program.command;
    words.insert(words.end(), {"--cpu", std::to_string(launch.cpu)});
    std::vector<std::string> variables = padded_environment(launch.padding);

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
    if (errors_.get() >= 0) {
      posix_spawn_file_actions_adddup2(&actions, errors_.get(), STDERR_FILENO);
    }
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(&attributes, 0);
    const int failed = posix_spawnp(&id_, words[0].c_str(), &actions, &attributes,
                                    pointers(words).data(), pointers(variables).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed == 0) return;
    id_ = 0;
    throw WorkerFailure(std::string("cannot be started: ") + std::strerror(failed));
  }

  std::string ask(const std::string& command) {
    const std::string line = command + "\n";
    // A worker that has gone is told apart below, where it does not answer.
    static_cast<void>(send(socket_.get(), line.data(), line.size(), MSG_NOSIGNAL));
    return read_line();
  }

  std::string read_line() {
    const auto deadline = SteadyClock::now() + patience_;
    for (;;) {
      const auto newline = received_.find('\n');
      if (newline != std::string::npos) {
        std::string line = received_.substr(0, newline);
        received_.erase(0, newline + 1);
        return line;
      }
      if (received_.size() > kLongestLine) throw WorkerFailure("answered without end");
      receive(deadline);
    }
  }

  void receive(SteadyClock::time_point deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SteadyClock::now());
    if (left.count() <= 0) {
      throw WorkerFailure("did not answer within " + duration_text(patience_));
    }
    pollfd waiting{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    const int ready =
        poll(&waiting, 1, static_cast<int>(std::min<std::int64_t>(left.count(), 1000)));
    if (ready <= 0) return;  // or interrupted: the deadline decides
    char bytes[4096];
    const ssize_t count = recv(socket_.get(), bytes, sizeof bytes, 0);
    if (count > 0) {
      received_.append(bytes, static_cast<std::size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      fail_as_it_ended();
    }
  }

  // It closed its side: by ending, as a rule.
  [[noreturn]] void fail_as_it_ended() {
    std::string what = "closed its output";
    if (const auto status = wait_for(std::chrono::seconds(1))) what = end_text(*status);
    const std::string said = last_errors();
    throw WorkerFailure(what + (said.empty() ? "" : "; it said: " + said));
  }

  std::string last_errors() const {
    if (errors_.get() < 0) return "";
    const off_t size = lseek(errors_.get(), 0, SEEK_END);
    if (size <= 0) return "";
    std::string text(std::min(static_cast<std::size_t>(size), kShownErrors), '\0');
    const off_t from = size - static_cast<off_t>(text.size());
    const ssize_t read = pread(errors_.get(), text.data(), text.size(), from);
    text.resize(read > 0 ? static_cast<std::size_t>(read) : 0);
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }

  std::optional<int> wait_for(std::chrono::milliseconds most) {
    const auto deadline = SteadyClock::now() + most;
    int status = 0;
    while (id_ > 0) {
      const pid_t ended = waitpid(id_, &status, WNOHANG);
      if (ended == id_ || ended < 0) {
        id_ = 0;
        return status;
      }
      if (SteadyClock::now() >= deadline) break;
      usleep(200);
    }
    return std::nullopt;
  }

  void end() {
    socket_.close();  // which ends a worker that reads
    if (id_ <= 0 || wait_for(std::chrono::seconds(1)) || id_ <= 0) return;
    ::kill(id_, SIGKILL);
    int status = 0;
    waitpid(id_, &status, 0);
    id_ = 0;
  }

  Duration patience_;
  Descriptor socket_, errors_;
  pid_t id_ = 0;
  std::string received_;
  WorkerHello hello_;
};

}  // namespace

std::unique_ptr<GateWorker> WorkerProcesses::launch(const WorkerLaunch& launch) {
  return std::make_unique<WorkerProcess>(program_, launch);
}

}  // namespace inferbench
