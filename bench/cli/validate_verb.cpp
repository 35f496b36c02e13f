#include <CLI/CLI.hpp>
#include <memory>

#include "bench/cli/seed_option.hpp"
#include "bench/cli/validate_tables.hpp"
#include "bench/cli/verbs.hpp"

namespace inferbench {

void add_validate_verb(CLI::App& program, VerbContext& /*context*/) {
  CLI::App* const verb = program.add_subcommand(
      "validate", "how far predictions are from measurements of others: --tables FOLDER");
  const auto given = std::make_shared<TableValidationArguments>();
  verb->add_option("--tables", given->tables,
                   "tables of kernels, parts of which are left out and answered (docs/tables.md)")
      ->required();
  add_seed_option(*verb, given->seed, "of the parts that are left out");
  verb->add_option("--worst", given->worst, "worst rows to show of each score")
      ->capture_default_str();
  verb->add_option("--json", given->json, "write the scores as JSON; - is stdout");
  verb->add_option("--markdown", given->markdown, "write them as a page; - is stdout");
  verb->callback([given] { validate_tables(*given); });
}

}  // namespace inferbench
