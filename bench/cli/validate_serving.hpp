#pragma once

#include <string>

#include "bench/cli/verbs.hpp"
#include "harness/validate/serving_validation.hpp"

namespace inferbench {

// What `validate --truth` was asked for.
struct ServingValidationArguments {
  std::string truth, json;  // a CSV or a folder; a file to write, empty: none
  ValidationOptions options;
  std::size_t worst = 10;
};

// Replays the points, prints how far off that was and writes the file asked for. Throws Error for
// input that cannot be used; an interrupt is said in context.exit_code.
void validate_serving_points(ServingValidationArguments given, VerbContext& context);

}  // namespace inferbench
