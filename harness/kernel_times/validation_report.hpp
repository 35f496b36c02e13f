#pragma once

#include <string>

#include "harness/kernel_times/validate.hpp"

namespace inferbench {

// For people: one row per score, then the worst rows with their reasons.
std::string kernel_validation_text(const KernelValidation& validation);
// "inferbench.kernel-validation", version 1.0.0; errors are shares, times nanoseconds.
std::string kernel_validation_json(const KernelValidation& validation);
// docs/validation-tables.md: how it is done, the table, the worst rows. `command` made it.
std::string kernel_validation_markdown(const KernelValidation& validation,
                                       const std::string& command);

}  // namespace inferbench
