// Own kernels over those of other libraries, in one run: scripts/peers installs the libraries,
// builds this and runs it. docs/peers.md says what is compared and how.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <regex>

#include "bench/peers/onnxruntime.hpp"
#include "bench/peers/report.hpp"
#include "harness/base/error.hpp"
#include "harness/base/output_file.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

struct Arguments {
  std::string node_modules = "build/peers/node_modules";
  std::string only, isa, json, budget = "500ms";
  std::uint64_t seed = 1;
  bool list = false;
};

Isa isa_of(const std::string& text) {
  if (text.empty()) return Isa::portable;
  if (text == "avx2") return Isa::avx2;
  throw unknown_name("--isa", "instruction set", text, {"avx2"});
}

// Libraries read these when they start, so before anything of theirs is called.
void limit_libraries(Isa isa) {
  if (isa != Isa::avx2) return;
  setenv("OPENBLAS_CORETYPE", "Zen", 1);
  setenv("ONEDNN_MAX_CPU_ISA", "AVX2", 1);
}

std::regex pattern(const std::string& text) {
  try {
    return std::regex(text, std::regex::ECMAScript | std::regex::icase);
  } catch (const std::regex_error& e) {
    throw Error("--only", text, "must be a regular expression", e.what());
  }
}

// Contests and bars by a part of "gemm w8a8 k=4096 m=512 n=4096 / onnxruntime u8u8".
std::vector<Contest> chosen(const std::string& only) {
  const std::regex wanted = pattern(only);
  std::vector<Contest> list;
  for (Contest contest : contests()) {
    std::erase_if(contest.bars, [&](const Bar& bar) {
      return !std::regex_search(contest.name() + " / " + bar.against, wanted);
    });
    if (!contest.bars.empty()) list.push_back(std::move(contest));
  }
  if (list.empty()) {
    throw Error("--only", "no bar matches \"" + only + "\"",
                "a part of a line of --list, as a regular expression");
  }
  return list;
}

int run(const Arguments& given) {
  const std::vector<Contest> list = chosen(given.only);
  if (given.list) {
    for (const Contest& c : list) {
      for (const Bar& b : c.bars) std::cout << c.name() << " / " << b.against << "\n";
    }
    return 0;
  }
  PeerRun run;
  run.options = {.node_modules = given.node_modules, .isa = isa_of(given.isa)};
  run.budget = parse_duration(given.budget, "--budget");
  run.seed = given.seed;
  limit_libraries(run.options.isa);
  std::unique_ptr<OutputFile> file;
  if (!given.json.empty()) file = std::make_unique<OutputFile>(given.json);

  const bool watched = isatty(STDERR_FILENO) != 0;
  std::vector<ContestResult> results;
  for (const Contest& contest : list) {
    if (watched) {
      std::cerr << "\r\033[K" << results.size() + 1 << "/" << list.size() << " " << contest.name()
                << std::flush;
    }
    results.push_back(measure(contest, run));
  }
  if (watched) std::cerr << "\r\033[K";
  judge_all(results);
  const std::vector<Saturation> products = full_range_products(run.options);
  if (file) {
    file->write(json_of(results, products, run));
    file->commit();
    if (file->is_stdout()) return 0;
  }
  std::cout << table_of(results) << "\n"
            << saturation_lines(products) << tally(results)
            << "; collectives: inferbench bench collectives\n";
  return 0;
}

int parse_and_run(int argc, char** argv) {
  CLI::App app("own kernels over other libraries', interleaved, per CPU second of one thread");
  Arguments given;
  app.add_option("--only", given.only, "bars whose line of --list matches this regular expression");
  app.add_flag("--list", given.list, "the bars, one a line, and stop");
  app.add_option("--isa", given.isa,
                 "avx2: own kernels, OpenBLAS, oneDNN and ggml with AVX2 at most (ONNX Runtime "
                 "cannot be told)");
  app.add_option("--budget", given.budget, "wall time per kernel")->capture_default_str();
  app.add_option("--seed", given.seed, "of the operands and the order of rounds")
      ->capture_default_str();
  app.add_option("--json", given.json, "write everything as JSON; - is stdout");
  app.add_option("--modules", given.node_modules, "folder with the npm packages")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(ExitCode::bad_input);
  }
  return run(given);
}

}  // namespace
}  // namespace inferbench

int main(int argc, char** argv) {
  try {
    return inferbench::parse_and_run(argc, argv);
  } catch (const inferbench::Error& e) {
    std::cerr << "error: " << e.what() << "\n";
    return static_cast<int>(inferbench::ExitCode::bad_input);
  } catch (const std::exception& e) {
    std::cerr << "failed: " << e.what() << "\n";
    return static_cast<int>(inferbench::ExitCode::failed);
  }
}
