#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <iostream>

#include "bench/cli/verbs.hpp"
#include "kernels/collectives/mpi_world.hpp"

namespace inferbench {
namespace {

constexpr const char* kAbout =
    "inferbench: this model, this traffic, these GPUs: what will each user see, and what will "
    "each\n"
    "GPU deliver?\n\nExit codes: 0 done, 1 failed, 2 input not usable, 3 regression,\n"
    "4 inconclusive (strict), 5 comparison invalid,\n"
    "130 interrupted: what was finished is kept.";

// CLI11 answers an unknown verb with "argument not expected"; ours names the nearest.
void refuse_unknown_verb(const CLI::App& program, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> verbs;
  for (const CLI::App* verb : program.get_subcommands({})) verbs.push_back(verb->get_name());
  if (std::find(verbs.begin(), verbs.end(), argv[1]) == verbs.end()) {
    throw unknown_name("inferbench", "verb", argv[1], verbs, "inferbench --help");
  }
}

// An empty value is a variable that was not set, more often than a wish.
void refuse_empty_values(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_expected_max() == 0) continue;  // a flag
    option->check(CLI::Validator(
        [name = option->get_name()](const std::string& value) {
          if (!value.empty()) return std::string();
          throw Error(name, "is empty", "expected a value", "leave it out, or give it one");
        },
        ""));
  }
  for (CLI::App* verb : app.get_subcommands({})) refuse_empty_values(*verb);
}

// Processes of one host were given the same words: their first speaks for all.
int print_error(const Error& error) {
  if (first_of_host()) std::cerr << "error: " << error.what() << "\n";
  return static_cast<int>(ExitCode::bad_input);
}

int run(int argc, char** argv) {
  CLI::App program{kAbout, "inferbench"};
  program.set_version_flag("--version", std::string("inferbench ") + INFERBENCH_VERSION);
  program.require_subcommand(1);
  program.get_formatter()->column_width(34);
  VerbContext context;
  add_all_verbs(program, context);
  refuse_empty_values(program);
  try {
    refuse_unknown_verb(program, argc, argv);
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return program.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return program.exit(version);
  } catch (const CLI::ParseError& error) {
    const auto parsed = program.get_subcommands();
    const std::string verb = parsed.empty() ? "" : " " + parsed.front()->get_name();
    return print_error(Error("inferbench" + verb, error.what(), "",
                             "`inferbench" + verb + " --help` shows the options"));
  } catch (const Error& error) {
    return print_error(error);
  }
  return static_cast<int>(context.exit_code);
}

}  // namespace
}  // namespace inferbench

int main(int argc, char** argv) {
  try {
    return inferbench::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "failed: " << error.what() << "\n";
    return static_cast<int>(inferbench::ExitCode::failed);
  }
}
