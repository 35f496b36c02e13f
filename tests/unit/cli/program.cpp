#include "program.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

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

}  // namespace

Ran run_program(const std::vector<std::string>& arguments) {
  const std::string out = capture_path("out"), err = capture_path("err");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  std::vector<std::string> words = {"inferbench"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  Ran ran;
  pid_t child = 0;
  const int failed = posix_spawn(&child, kProgram, &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    ADD_FAILURE() << kProgram << " cannot be started";
    return ran;
  }
  int status = 0;
  waitpid(child, &status, 0);
  ran.exit_code = exit_code_of(status);
  ran.out = read_file(out);
  ran.err = read_file(err);
  std::filesystem::remove(out);
  std::filesystem::remove(err);
  return ran;
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
