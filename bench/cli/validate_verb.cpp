#include <CLI/CLI.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "bench/cli/validate_serving.hpp"
#include "bench/cli/validate_tables.hpp"
#include "bench/cli/verbs.hpp"
#include "harness/base/error.hpp"
#include "workloads/text_values.hpp"

namespace inferbench {
namespace {

struct ValidateArguments {
  TableValidationArguments tables;
  ServingValidationArguments serving;
  std::optional<std::uint64_t> seed;
  std::optional<std::size_t> worst;
  std::string json;
};

void run_validate(ValidateArguments given, VerbContext& context) {
  given.tables.json = given.serving.json = given.json;
  if (given.seed) given.tables.seed = given.serving.options.seed = *given.seed;
  if (given.worst) given.tables.worst = given.serving.worst = *given.worst;
  if (!given.tables.tables.empty()) {
    validate_tables(given.tables);
  } else if (!given.serving.truth.empty()) {
    validate_serving_points(std::move(given.serving), context);
  } else {
    throw Error("validate", "neither --tables nor --truth is given",
                "what is validated needs measurements",
                "--tables FOLDER for kernels, --truth FOLDER for serving");
  }
}

}  // namespace

void add_validate_verb(CLI::App& program, VerbContext& context) {
  CLI::App* const verb = program.add_subcommand(
      "validate",
      "how far predictions are from measurements of others: --tables FOLDER | --truth FOLDER");
  const auto given = std::make_shared<ValidateArguments>();
  CLI::Option* const tables = verb->add_option(
      "--tables", given->tables.tables,
      "tables of kernels, parts of which are left out and answered (docs/tables.md)");
  CLI::Option* const truth =
      verb->add_option("--truth", given->serving.truth,
                       "measured serving: a CSV or a folder of them (docs/serving-validation.md)")
          ->excludes(tables);
  verb->add_option_function<std::string>(
          "--seed",
          [given](const std::string& text) {
            given->seed = static_cast<std::uint64_t>(parse_count(text, "--seed", 0));
          },
          "of what is left out (default 7) or fitted to (default 0; the shipped profiles')")
      ->type_name("UINT");
  verb->add_option("--worst", given->worst,
                   "worst rows to show, of each score (default 3) or of all points (default 10)");
  verb->add_option("--json", given->json, "write the scores as JSON; - is stdout");
  verb->add_option("--markdown", given->tables.markdown, "write them as a page; - is stdout")
      ->needs(tables);
  verb->add_flag("--fit", given->serving.options.fit,
                 "fit the system effects on the fit part first")
      ->needs(truth);
  verb->add_flag("--ablation", given->serving.options.ablation,
                 "leave out one system effect after the other")
      ->needs(truth);
  verb->add_option("--threads", given->serving.options.threads,
                   "threads, 0: all cores (results do not depend on it)")
      ->needs(truth);
  verb->callback([given, &context] { run_validate(*given, context); });
}

}  // namespace inferbench
