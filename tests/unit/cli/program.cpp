#include "program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <sstream>
#include <thread>

#include "harness/base/output_file.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to us

namespace inferbench {
namespace {

const char* const kProgram = INFERBENCH_BINARY_DIR "/bin/inferbench";

std::string capture_path(const char* stream) {
  return ::testing::TempDir() + "cli_" + std::to_string(::getpid()) + "." + stream;
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// One run of the program.
class Child {
 public:
  Child(std::vector<std::string> words, const std::vector<std::string>& arguments) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, out_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    words.emplace_back(kProgram);
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (posix_spawnp(&id_, argv[0], &actions, nullptr, argv.data(), environ) != 0) {
      ADD_FAILURE() << words.front() << " cannot be started";
      ended_ = true;
    }
    posix_spawn_file_actions_destroy(&actions);
  }

  bool running() {
    if (!ended_) ended_ = waitpid(id_, &status_, WNOHANG) == id_;
    return !ended_;
  }

  Ran finish() {
    if (!ended_) waitpid(id_, &status_, 0);
    ended_ = true;
    Ran ran{.exit_code = exit_code_of(status_), .out = read_file(out_), .err = read_file(err_)};
    std::filesystem::remove(out_);
    std::filesystem::remove(err_);
    return ran;
  }

 private:
  std::string out_ = capture_path("out"), err_ = capture_path("err");
  pid_t id_ = 0;
  int status_ = -1;
  bool ended_ = false;
};

}  // namespace

Ran run_program(const std::vector<std::string>& arguments) {
  return run_program_under({}, arguments);
}

Ran run_program_under(const std::vector<std::string>& launcher,
                      const std::vector<std::string>& arguments) {
  return Child(launcher, arguments).finish();
}

std::vector<std::string> files_like(const std::string& file) {
  const std::filesystem::path path(file);
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(path.parent_path())) {
    const std::string name = entry.path().filename();
    if (name.starts_with(path.filename().string())) found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

Ran run_interrupted(const std::vector<std::string>& arguments, const std::string& file, int signal,
                    const std::vector<std::string>& launcher) {
  Child child(launcher, arguments);
  const std::string temporary = std::filesystem::path(file).filename().string() + ".tmp.";
  while (child.running()) {
    for (const std::string& name : files_like(file)) {
      if (!name.starts_with(temporary)) continue;
      ::kill(std::stoi(name.substr(temporary.size())), signal);
      return child.finish();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ADD_FAILURE() << "ended before it opened " << file;
  return child.finish();
}

std::vector<std::string> verbs() {
  std::istringstream help(run_program({"--help"}).out);
  std::vector<std::string> names;
  bool listing = false;
  for (std::string line; std::getline(help, line);) {
    if (listing && line.starts_with("  ") && line.size() > 2 && line[2] != ' ') {
      names.push_back(line.substr(2, line.find(' ', 2) - 2));
    }
    listing |= line.starts_with("Subcommands:");
  }
  return names;
}

bool has_verb(const std::string& verb) {
  const std::vector<std::string> names = verbs();
  return std::find(names.begin(), names.end(), verb) != names.end();
}

void expect_refused(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& mentions) {
  std::string command = "inferbench";
  for (const std::string& argument : arguments) command += " " + argument;
  const Ran ran = run_program(arguments);
  EXPECT_EQ(ran.exit_code, 2) << command << "\n" << ran.err;
  EXPECT_EQ(ran.out, "") << command;
  EXPECT_TRUE(ran.err.starts_with("error: ")) << command << "\n" << ran.err;
  for (const std::string& text : mentions) {
    EXPECT_NE(ran.err.find(text), std::string::npos)
        << command << " does not mention \"" << text << "\" but says\n"
        << ran.err;
  }
}

}  // namespace inferbench
