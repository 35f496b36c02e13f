#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>

#include "bench/cli/verbs.hpp"
#include "harness/base/output_file.hpp"
#include "results/dashboard/dashboard_data.hpp"

namespace inferbench {
namespace {

struct DashboardArguments {
  std::vector<std::string> paths;
  std::string page, data;
  bool open = false;
};

std::string count_of(std::size_t count, const char* one, const char* many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

// Hands the page to whatever the desktop opens HTML with; says so when there is nothing of the
// kind.
void open_page(const std::string& path) {
  std::string program = "xdg-open", file = path;
  char* const arguments[] = {program.data(), file.data(), nullptr};
  pid_t child = 0;
  int status = 1;
  if (posix_spawnp(&child, program.c_str(), nullptr, nullptr, arguments, environ) == 0) {
    waitpid(child, &status, 0);
  }
  if (status != 0) std::cerr << "note: no browser was found; open " << path << " in one\n";
}

void tell(const DashboardFiles& files) {
  for (const DashboardRun& run : files.runs) {
    for (const std::string& note : run.notes)
      std::cerr << "note: " << run.file << ": " << note << "\n";
  }
  for (const LeftOut& file : files.left_out) {
    std::cerr << "note: left out " << file.file << ": " << file.reason << "\n";
  }
}

void write_dashboard(const DashboardArguments& options) {
  if (options.page.empty() && options.data.empty()) {
    throw Error("inferbench dashboard", "nothing to write", "-o FILE is missing",
                "e.g. inferbench dashboard run.json -o report.html");
  }
  if (options.open && (options.page.empty() || options.page == "-")) {
    throw Error("--open", "there is no page to open", "-o names a file for it",
                "e.g. inferbench dashboard run.json -o report.html --open");
  }
  if (options.page == options.data) {
    throw Error("--data", "is the file that -o names", "one file holds one of them");
  }
  std::unique_ptr<OutputFile> page, data;
  if (!options.page.empty()) page = std::make_unique<OutputFile>(options.page);
  if (!options.data.empty()) data = std::make_unique<OutputFile>(options.data);
  const DashboardFiles files = read_dashboard_files(options.paths);
  const std::string json = dashboard_json(files);
  tell(files);
  if (data) {
    data->write(json);
    data->commit();
  }
  if (!page) return;
  const std::string html = dashboard_page(json);
  page->write(html);
  page->commit();
  if (page->is_stdout()) return;
  std::cout << options.page << ": " << count_of(files.runs.size(), "file", "files") << ", "
            << (html.size() + 1023) / 1024 << " KiB; open it in a browser, it needs nothing else\n";
  if (options.open) open_page(options.page);
}

}  // namespace

void add_dashboard_verb(CLI::App& program, VerbContext& context) {
  const auto options = std::make_shared<DashboardArguments>();
  CLI::App* verb = program.add_subcommand(
      "dashboard", "result files as one page of charts and tables that opens offline");
  verb->add_option("FILES", options->paths,
                   "Results, timelines, answers as JSON, folders of them, or a store of "
                   "`inferbench history`; the records of a replay "
                   "are found beside it")
      ->required();
  verb->add_option("-o,--output", options->page, "The page (HTML); - is standard output");
  verb->add_option("--data", options->data,
                   "Write what the page reads as JSON (docs/dashboard.md); - is standard output");
  verb->add_flag("--open", options->open, "Open the page, with xdg-open");
  verb->callback([options] { write_dashboard(*options); });
  (void)context;
}

}  // namespace inferbench
