#include "bench/cli/validate_serving.hpp"

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>

#include "bench/cli/sweep_interrupt.hpp"
#include "bench/cli/validate_report.hpp"
#include "harness/base/output_file.hpp"

namespace inferbench {

void validate_serving_points(ServingValidationArguments given, VerbContext& context) {
  const Truth truth = read_truth(given.truth);
  std::optional<OutputFile> file;
  if (!given.json.empty()) file.emplace(given.json);
  const InterruptGuard interrupt;
  given.options.stop = [] { return InterruptGuard::requested(); };
  const ServingValidation validation = validate_serving(truth, given.options);
  if (InterruptGuard::requested()) {
    std::cerr << "interrupted: nothing was written\n";
    context.exit_code = kInterruptedExit;
    return;
  }
  if (file) {
    file->write(validation_json(truth, validation, given.options).dump(2) + "\n");
    file->commit();
    if (file->is_stdout()) return;
  }
  std::cout << validation_report(truth, validation, given.options, given.worst);
}

}  // namespace inferbench
